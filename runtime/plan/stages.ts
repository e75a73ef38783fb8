/** Cuts a plan into stages: the parts between two topics. */
import type { Plan, SinkNode, SourceNode, Stage, TransformNode } from './nodes.ts'
import { programError } from './problems.ts'

/** The stages of a valid plan, in topological order. A chain from a source to a sink is one stage, named by its source. */
export function stagesOf(plan: Plan): readonly Stage[] {
  const source = plan.nodes[0]
  const sink = plan.nodes.at(-1)
  if (source?.kind !== 'source' || sink?.kind !== 'sink') {
    throw programError([{ kind: 'invalid', path: 'plan', message: 'a plan begins with a source and ends with a sink' }])
  }
  return [{ name: source.uid, source, transforms: plan.nodes.slice(1, -1).filter(isTransform), sink }]
}

/** Whether tasks of a stage hold rows beside their position. */
export function isStateful(stage: Stage): boolean {
  return stage.transforms.some((node) => node.kind === 'windowAggregate' || node.kind === 'windowReduce')
}

function isTransform(node: SourceNode | TransformNode | SinkNode): node is TransformNode {
  return node.kind !== 'source' && node.kind !== 'sink'
}
