/**
 * What is known of a record's fields at each point of a plan: declared by the source, kept by filters, computed by CEL maps and aggregates,
 * and lost behind a function.
 */
import type { FieldSchema, FieldType, RecordSchema } from '../../formats/schema.ts'
import { celTypeOf } from '../cel/compile.ts'
import type { Aggregate } from '../nodes/aggregates.ts'
import { repartitionsOf } from './keys.ts'
import type { MapNode, PlanNode, WindowAggregateNode } from '../nodes.ts'
import { emissionOf, type WindowSpec } from '../nodes/windows.ts'
import { spansOf } from '../nodes/sessions.ts'

/** The fields of a value; a field whose type is unknown is null. A null shape: nothing is known. */
export type Shape = { readonly fields: Readonly<Record<string, FieldSchema | null>> } | null

/** What is known of the records between two nodes. */
export interface Known {
  readonly shape: Shape
  /** The type of the record key, which is also that of a window's `key`; null: nobody has declared it, it is that of the values that are grouped. */
  readonly keyType: FieldType | null
}

/** The shape of the value that enters each node of a chain; a source gets null. Broken expressions count as unknown. */
export function inputShapes(nodes: readonly PlanNode[]): readonly Shape[] {
  return knownBefore(nodes).map(({ shape }) => shape)
}

/** What is known before each node of a chain; `start` before the first. */
export function knownBefore(nodes: readonly PlanNode[], start: Known = { shape: null, keyType: null }): readonly Known[] {
  const repartitions = repartitionsOf(nodes)
  const all: Known[] = []
  let known = start
  for (const node of nodes) {
    all.push(known)
    const { shape } = known
    let { keyType } = known
    if (node.kind === 'source') keyType = node.keyField === null ? null : (node.format.schema?.fields[node.keyField]?.type ?? { kind: 'string' })
    // Nothing else changes the record key.
    if (node.kind === 'keyBy' && repartitions.has(node.uid)) keyType = shape?.fields[node.field]?.type ?? null
    known = { shape: outputShape(node, shape, keyType), keyType }
  }
  return all
}

/** The shape that a declared schema gives. */
export function shapeOf(schema: RecordSchema | null): Shape {
  return schema
}

function outputShape(node: PlanNode, input: Shape, keyType: FieldType | null): Shape {
  switch (node.kind) {
    case 'source':
      return shapeOf(node.format.schema)
    case 'eventTime':
    case 'processingTime':
    case 'filter':
    case 'split':
    case 'branch':
    case 'keyBy':
    case 'merge':
    case 'dedup':
    case 'sink':
      return input
    case 'map':
      return mappedShape(node, input)
    case 'flatMap':
      return null
    case 'process':
      return shapeOf(node.emits)
    case 'session':
      return outputShape(spansOf(node), input, keyType)
    case 'windowAggregate':
      return { fields: { ...boundFields(keyType, node.window), ...aggregateFields(node, input) } }
    case 'windowReduce':
      return { fields: { ...boundFields(keyType, node.window), value: wholeOf(input) } }
    case 'windowProcess':
      return shapeOf(node.emits)
  }
}

function mappedShape(node: MapNode, input: Shape): Shape {
  if (node.mapper.kind !== 'fields') return null
  const fields: Record<string, FieldSchema | null> = {}
  for (const [name, expression] of Object.entries(node.mapper.fields)) fields[name] = fieldOfCelType(celTypeOf(expression.text, input))
  return { fields }
}

function boundFields(keyType: FieldType | null, window: WindowSpec): Record<string, FieldSchema | null> {
  return {
    key: keyType && required(keyType),
    windowStart: required({ kind: 'timestamp' }),
    windowEnd: required({ kind: 'timestamp' }),
    ...(emissionOf(window) !== null && { firing: required({ kind: 'string' }) }),
  }
}

function aggregateFields(node: WindowAggregateNode, input: Shape): Record<string, FieldSchema | null> {
  return Object.fromEntries(Object.entries(node.fields).map(([name, aggregate]) => [name, aggregateField(aggregate, input)]))
}

/** The field of a result; null: not known. */
function aggregateField(aggregate: Aggregate, input: Shape): FieldSchema | null {
  switch (aggregate.kind) {
    case 'count':
    case 'approxDistinct':
      return required({ kind: 'integer' })
    case 'sum':
    case 'avg':
      return required({ kind: 'number' })
    case 'variance':
    case 'stddev':
      return { type: { kind: 'number' }, optional: aggregate.of === 'sample' }
    case 'min':
    case 'max':
      return required(input?.fields[aggregate.field]?.type ?? { kind: 'number' })
    case 'first':
    case 'last': {
      const field = input?.fields[aggregate.field]
      return field ? { type: field.type, optional: isNullable(field) } : null
    }
    case 'collect': {
      const field = input?.fields[aggregate.field]
      return field ? listOf(required(field.type)) : null
    }
    case 'topN': {
      const kept = aggregate.field === null ? wholeOf(input) : (input?.fields[aggregate.field] ?? null)
      return kept && listOf({ type: kept.type, optional: isNullable(kept) })
    }
    case 'quantiles':
      return listOf(required({ kind: 'number' }))
  }
}

function isNullable(field: FieldSchema): boolean {
  return field.optional && field.default === undefined
}

function listOf(items: FieldSchema): FieldSchema {
  return required({ kind: 'list', items })
}

/** The value as a field. */
function wholeOf(input: Shape): FieldSchema | null {
  if (input === null) return null
  const fields: Record<string, FieldSchema> = {}
  for (const [name, field] of Object.entries(input.fields)) {
    if (field === null) return null
    fields[name] = field
  }
  return required({ kind: 'object', fields })
}

const scalarOfCel: Readonly<Record<string, FieldType>> = {
  string: { kind: 'string' },
  double: { kind: 'number' },
  int: { kind: 'integer' },
  bool: { kind: 'boolean' },
  bytes: { kind: 'bytes' },
}

function fieldOfCelType(type: string | null): FieldSchema | null {
  const scalar = type === null ? undefined : scalarOfCel[type]
  return scalar ? required(scalar) : null
}

function required(type: FieldType): FieldSchema {
  return { type, optional: false }
}
