import { operationTable, stepTable, type StepName } from './table.ts'

/** The text of operator/docs/operations.md, made of the table of operations. */
export function operationsPage(): string {
  const operations = Object.entries(operationTable).map(([kind, { meaning, steps, interruptedBy, replacedIn }]) => {
    const interrupted = interruptedBy.length === 0 ? 'Nothing interrupts it.' : `Interrupted only by ${interruptedBy.join(', ')}.`
    const replaced = replacedIn.length === 0 ? '' : `\nA newer wish takes its place in ${replacedIn.join(', ')}, until its record is written.\n`
    return `### ${kind}\n\n${meaning} ${interrupted}\n\n${steps.join(' → ')}\n${replaced}`
  })
  const steps = Object.entries(stepTable).map(([name, step]) => [name, step.does, step.waitsFor, deadline(name as StepName)])
  return `${head}\n${operations.join('\n')}\n## Steps\n\n${table(['step', 'does', 'waits for', 'given up after'], steps)}\n`
}

/** A Markdown table with its columns in line, as the formatter wants it. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`
  return [
    line(header),
    line(
      header.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n')
}

function deadline(step: StepName): string {
  const { deadlineMs } = stepTable[step]
  return deadlineMs === null ? 'never' : `${deadlineMs / 1_000} s, and goes on`
}

const head = `# Operations

<!-- Made of operator/streamjob/operations/table.ts by page.ts; a test compares the two. -->

A change of a job that takes more than one write is an operation. Its kind and its step stand in \`status.operation\` before anything is done, so an
operator that is killed at any point goes on from there, and so does its successor. A step that has nothing to do is passed without a trace. An
operation is carried through to its end with what it was begun for; what the spec says meanwhile comes after it. Only where the table says so a newer wish
takes the place of an operation at once: a suspension, another size, or another program that is planned and has its topics.

## Kinds
`
