import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes an audit policy (who, what, which object; no bodies) and returns the API server's arguments that log by it to `audit.log`. */
export async function auditArguments(directory: string): Promise<readonly string[]> {
  const policy = join(directory, 'audit-policy.json')
  const rules = [{ level: 'Metadata', omitStages: ['RequestReceived'] }]
  await writeFile(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }))
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLog(directory)}`, '--audit-log-mode=blocking']
}

/** One JSON event a line, written before the answer is sent. */
export const auditLog = (directory: string): string => join(directory, 'audit.log')
