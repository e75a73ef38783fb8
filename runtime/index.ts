/** What programs import from `streamjob`. */
export { stream, Stream, KeyedStream, WindowedStream } from './dsl/stream.ts'
export type { AnyStream, Clock, DedupOptions, ReducedWindow } from './dsl/stream.ts'
export type { EventTimeOptions, EventTimeSource } from './dsl/event-time.ts'
export { job } from './dsl/job.ts'
export { otherwise } from './dsl/split.ts'
export type { Branch, BranchPredicate, BranchValue, Otherwise, SplitOptions, TakesRest } from './dsl/split.ts'
export { kafka } from './dsl/kafka.ts'
export type { KafkaOptions, KafkaTopic } from './dsl/kafka.ts'
export { tumbling, sliding, countWindow, global } from './dsl/windows.ts'
export type {
  CalendarOptions,
  CalendarSize,
  CountTrigger,
  CountWindow,
  Emit,
  TimeTrigger,
  TriggeredWindow,
  Window,
  WindowOptions,
} from './dsl/windows.ts'
export { trigger } from './dsl/triggers.ts'
export type { TimedTriggerDefinition, Trigger, TriggerDefinition } from './dsl/triggers.ts'
export type { Firing, TriggerContext, TriggerResult, WindowTimer } from './plan/nodes/windows.ts'
export { count, sum, min, max, avg, variance, stddev, first, last, collect, topN, quantiles, approxDistinct } from './dsl/aggregates.ts'
export type { Aggregation, SpreadOptions, WindowResult } from './dsl/aggregates.ts'
export { session } from './dsl/sessions.ts'
export type { Session, SessionOptions } from './dsl/sessions.ts'
export type { ProcessDefinition, WindowProcessDefinition } from './dsl/process.ts'
export { state } from './dsl/state.ts'
export type { StateDeclaration, StateHandles, StateOptions, ValueOptions } from './dsl/state.ts'
export type { KeyTimers, ListState, MapState, ProcessContext, ValueState, WindowContext } from './plan/nodes/process.ts'
export type { Duration, JsonObject, JsonValue } from './dsl/values.ts'
export { t } from './formats/types.ts'
export type { Infer, ObjectType, Type } from './formats/types.ts'
export type { Plan, RecordContext } from './plan/nodes.ts'
