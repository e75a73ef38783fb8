/** `npm run build`: makes the package that is published, in dist/. */
import { join } from 'node:path'
import { runMain } from './infra/command.ts'
import { checkout } from './infra/machine/paths.ts'
import { step } from './infra/progress.ts'
import { buildPackage } from './package/build-package.ts'

await runMain(() => step('package in dist/', () => buildPackage(join(checkout, 'dist'))))
