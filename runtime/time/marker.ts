/**
 * Markers: how watermarks cross a topic between two stages. A writer is a partition of an upstream stage, not a worker. When what a writer promises has
 * changed, the next commit puts one marker into every partition of the topic, behind the records that it speaks for. It is a record without a key; its value
 * is JSON: {"v":1,"w":[["orders/0",1700000000000],["orders/1",null,1]]}, a watermark (null: none yet) for each writer, 1 behind it where that is idle.
 */
import { z } from 'zod'
import { StreamJobError } from '../errors.ts'
import type { InputWatermark } from './combined-watermark.ts'

const Marker = z.object({
  v: z.literal(1),
  w: z.array(z.union([z.tuple([z.string(), z.number().nullable()]), z.tuple([z.string(), z.number().nullable(), z.literal(1)])])),
})

/** `input`: the writer, as `stage/partition`. */
export function encodeMarker(writers: readonly InputWatermark[]): Buffer {
  const w = writers.map(({ input, watermark, idle }) => {
    const at = Number.isFinite(watermark) ? watermark : null
    return idle ? [input, at, 1] : [input, at]
  })
  return Buffer.from(JSON.stringify({ v: 1, w }))
}

/** Throws `changelog-corrupt`; `where` names topic, partition and offset. */
export function decodeMarker(value: Uint8Array, where: string): readonly InputWatermark[] {
  try {
    const { w } = Marker.parse(JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()))
    return w.map(([input, watermark, idle]) => ({ input, watermark: watermark ?? -Infinity, idle: idle === 1 }))
  } catch (cause) {
    throw new StreamJobError('changelog-corrupt', `The marker in ${where} can't be read; something else wrote to the topic, or a newer version.`, {
      cause,
    })
  }
}
