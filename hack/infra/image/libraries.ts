import { attempt } from '../machine/shell.ts'

/** Paths of the shared libraries that the programs are linked with. A static program has none. */
export async function librariesOf(programs: readonly string[]): Promise<readonly string[]> {
  const outputs = await Promise.all(programs.map((program) => attempt('ldd', [program])))
  return [...new Set(outputs.flatMap(({ stdout }) => [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '')))]
}
