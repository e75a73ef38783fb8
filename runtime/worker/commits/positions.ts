/**
 * Where a task stands, as every commit writes it twice: as the position row of its changelog and as the metadata of its group offset.
 * Both carry the commit's number, so that after a lost answer the number tells whether the commit counted.
 */
import { z } from 'zod'
import { StreamJobError } from '../../errors.ts'

/** Key of the position row. State rows begin with their format version, which is never 0. */
export const positionRowKey: Buffer = Buffer.from('\u0000position')

export const PositionRow = z.object({
  formatVersion: z.literal(1),
  /** Rises by one with every commit of the task. */
  commit: z.number().int().min(1),
  /** Ordinal of the worker that committed. */
  writer: z.number().int().min(0),
  epoch: z.number().int(),
  inputs: z.array(z.object({ topic: z.string(), topicId: z.string(), partition: z.number().int(), offset: z.number().int().min(0) })).min(1),
  /** What the rows of this commit mean; see CompiledStage.state. Absent in rows of before it was written. */
  state: z.record(z.string(), z.string()).optional(),
  /** State outside the tables; see StageSnapshot. */
  snapshot: z.object({
    maxTimestamp: z.number().nullable(),
    processingTime: z.number().optional(),
    watermarks: z.record(z.string(), z.number()),
    closing: z.record(z.string(), z.number()).optional(),
    writers: z
      .object({
        combined: z.object({ output: z.union([z.number(), z.null(), z.literal('end')]), inputs: z.record(z.string(), z.string()) }),
        raised: z.number().optional(),
      })
      .optional(),
    keyKind: z.enum(['string', 'number', 'boolean', 'list', 'mixed']).optional(),
  }),
})
export type PositionRow = z.infer<typeof PositionRow>

export function encodePositionRow(row: PositionRow): Buffer {
  return Buffer.from(JSON.stringify(row))
}

/** Throws `changelog-corrupt`; `where` names topic, partition and offset. */
export function decodePositionRow(value: Uint8Array, where: string): PositionRow {
  try {
    return PositionRow.parse(JSON.parse(Buffer.from(value).toString()))
  } catch (cause) {
    throw new StreamJobError(
      'changelog-corrupt',
      `The position row in ${where} can't be read; it was written by another program or a newer version.`,
      { cause },
    )
  }
}

const OffsetMetadata = z.object({ v: z.literal(1), n: z.number().int().min(1), w: z.number().int().min(0) })

/** The metadata of a group offset; short, brokers allow 4 KiB. */
export function encodeOffsetMetadata(commit: number, writer: number): string {
  return JSON.stringify({ v: 1, n: commit, w: writer })
}

/** null when the offset was not committed by a worker: by a person with a tool, for example. */
export function decodeOffsetMetadata(metadata: string | null): { readonly commit: number; readonly writer: number } | null {
  if (metadata === null || metadata === '') return null
  try {
    const { n, w } = OffsetMetadata.parse(JSON.parse(metadata))
    return { commit: n, writer: w }
  } catch {
    return null
  }
}
