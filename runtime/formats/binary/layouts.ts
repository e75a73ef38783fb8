/** What is remembered of the objects met last, so that one with the same names again is written and read by the short way. */

/** Records of a stage are of a few kinds, as are the objects inside of them. */
const mostLayouts = 8
/** Objects with more names, or longer ones, are maps and no records. */
const mostNames = 64
const longestNames = 1_024
/** One layout is worth making for so many objects that it is met in. */
const cost = 1_024
const mostCredit = 16 * cost

/** Layouts of objects at one depth. Where names have no end, because they are keys of maps, the credit is soon used up, and next to none is made any more. */
export class RecentLayouts<L> {
  /** The latest first. */
  readonly list: L[] = []
  #credit = mostCredit

  /** The layout at that index was met again. */
  met(index: number): void {
    if (this.#credit < mostCredit) this.#credit++
    if (index > 0) this.#putFirst(this.list[index]!, index)
  }

  /** Whether to make a layout of so many names, which take so many bytes, and then `add` it. */
  wants(names: number, bytes: number): boolean {
    return this.#credit >= cost && names <= mostNames && bytes <= longestNames
  }

  /** In the place of the one that was met longest ago, where there are many. */
  add(layout: L): void {
    this.#credit -= cost
    this.#putFirst(layout, Math.min(this.list.length, mostLayouts - 1))
  }

  #putFirst(layout: L, index: number): void {
    const { list } = this
    for (let i = index; i > 0; i--) list[i] = list[i - 1]!
    list[0] = layout
  }
}

/** For objects at each depth; the last is for all that are nested deeper. */
export class LayoutsByDepth<L> {
  readonly #depths = Array.from({ length: 4 }, () => new RecentLayouts<L>())

  at(depth: number): RecentLayouts<L> {
    return this.#depths[Math.min(depth, this.#depths.length - 1)]!
  }
}
