/** Something that must not be, and is. */
export class Violation extends Error {}
