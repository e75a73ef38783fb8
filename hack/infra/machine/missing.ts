/** A component that cannot be had on this machine: commands that need it exit 2, test suites are skipped by name. */
export class MissingComponent extends Error {
  override readonly name = 'MissingComponent'
  /** What is missing, in a word or two: `Java 17`. */
  readonly component: string

  /** @param cure What the reader can install or do. */
  constructor(component: string, cure: string) {
    super(`${component} is needed: ${cure}`)
    this.component = component
  }
}
