/** A YAML file of Kubernetes resources, and at which line each field of them stands. */
import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'
import type { Document, Node } from 'yaml'
import { BadInput } from './bad-input.ts'

/** One resource of a file. */
export interface YamlResource {
  readonly value: unknown
  /** The line of a path such as `spec.program.steps[2].filter`; that of the nearest parent when the field is missing. */
  lineOf(path: string): number
  /** The line of the first line of a block of text (`|`), or null when the field is no such block: its lines are then not those of the file. */
  blockStart(path: string): number | null
}

/** The resources of one kind in a file. Throws BadInput for what is not YAML. */
export function readYamlResources(file: string, text: string, kind: string): readonly YamlResource[] {
  const lines = new LineCounter()
  const documents: readonly Document[] = [...parseAllDocuments(text, { lineCounter: lines })]
  const problems = documents.flatMap(({ errors }) =>
    errors.map((error) => ({ file, line: error.linePos?.[0].line ?? null, message: firstLine(error.message) })),
  )
  if (problems.length > 0) throw new BadInput(problems)
  return documents.filter((document) => document.get('kind') === kind).map((document) => resourceOf(document, lines))
}

function resourceOf(document: Document, lines: LineCounter): YamlResource {
  return {
    value: document.toJS(),
    lineOf(path) {
      let at = document.contents
      let start = at?.range?.[0] ?? 0
      for (const segment of segmentsOf(path)) {
        const child: Child | null = at === null ? null : childOf(at, segment)
        if (child === null) break
        start = child.start
        at = child.node
      }
      return lines.linePos(start).line
    },
    blockStart(path) {
      const node: unknown = document.getIn(segmentsOf(path), true)
      if (!isScalar(node) || node.type !== 'BLOCK_LITERAL' || !node.range) return null
      return lines.linePos(node.range[0]).line + 1
    },
  }
}

interface Child {
  readonly node: Node | null
  readonly start: number
}

function childOf(node: Node, segment: string | number): Child | null {
  if (isSeq(node) && typeof segment === 'number') {
    const item = node.items[segment] as Node | undefined
    return item === undefined ? null : { node: item, start: item.range?.[0] ?? 0 }
  }
  if (!isMap(node)) return null
  const pair = node.items.find(({ key }) => isScalar(key) && key.value === segment)
  // Keys and values of a parsed document are nodes.
  return pair === undefined ? null : { node: pair.value as Node | null, start: (pair.key as Node).range?.[0] ?? 0 }
}

/** `a.b[2].c` and `a["b c"]` as their parts. */
function segmentsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\["([^"]*)"\]|([^.[\]]+)/g)].map(([, index, quoted, word]) =>
    index === undefined ? (quoted ?? word ?? '') : Number(index),
  )
}

function firstLine(message: string): string {
  return message.split(/ at line \d+|\n/)[0] ?? message
}
