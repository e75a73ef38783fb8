import { MissingComponent } from './missing.ts'
import { say, step } from '../progress.ts'
import { run, which } from './shell.ts'

/** A command (or the absolute path of a file), and the Debian package that brings it. */
export interface DebianCommand {
  readonly command: string
  readonly package: string
}

/** Installs the packages whose commands are missing, when this is a Debian-like machine and we are root; says what it installs. */
export async function needCommands(purpose: string, needed: readonly DebianCommand[]): Promise<void> {
  const found = await Promise.all(needed.map(({ command }) => which(command)))
  const packages = [...new Set(needed.filter((_, index) => found[index] === null).map((entry) => entry.package))]
  if (packages.length === 0) return
  if (process.getuid?.() !== 0 || !(await which('apt-get'))) {
    throw new MissingComponent(purpose, `install ${packages.join(', ')} (names of Debian's packages), or run this as root on Debian or Ubuntu.`)
  }
  say(`        installing Debian packages for ${purpose}: ${packages.join(' ')}`)
  await step(`Debian packages: ${packages.join(' ')}`, async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['-qq', 'update'], { env })
    await run('apt-get', ['-qq', 'install', '-y', '--no-install-recommends', ...packages], { env })
  })
}
