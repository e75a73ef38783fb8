/**
 * The process in which planning loads a program: one argument, the file; two messages back: that loading begins, and the
 * PlanResult. Its parent ends it.
 */
import { invalidResult, errorResult, plannedResult } from '../plan/result.ts'
import type { PlanResult } from '../protocol.ts'
import { StreamJobError } from '../errors.ts'
import { loadProgram } from './load.ts'
import { loading } from './loading.ts'

process.send?.(loading)
process.send?.(await resultOf(process.argv[2] ?? ''))

async function resultOf(path: string): Promise<PlanResult> {
  try {
    return plannedResult(await loadProgram(path))
  } catch (error) {
    const result = errorResult(error, path)
    if (result === null) return invalidResult('LoadError', [{ file: path, line: null, path: null, message: String(error) }])
    const loading = error instanceof StreamJobError && error.fields['loading'] === true
    return loading ? { ...result, reason: 'LoadError' } : result
  }
}
