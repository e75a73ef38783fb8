import type { Random } from '../time/random.ts'
import { Directory } from './directory.ts'
import { Inode } from './inode.ts'

/** An error as the system's calls give it. */
export function systemError(code: 'EEXIST' | 'EIO' | 'ENOENT' | 'ENOSPC', path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

/** Names, directories and room. Every call happens at once; what calls it takes care of the time. */
export class Volume {
  readonly #clock: () => number
  readonly #directories = new Map<string, Directory>()
  /** Bytes of all files together; what is beyond gets no room. */
  capacity = Infinity

  /** @param clock Epoch ms, of the changes of files. */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** Paths of the files that processes see, in the order in which their directories were made. */
  files(): ReadonlyMap<string, Inode> {
    return new Map([...this.#there()].flatMap(([path, { names }]) => Array.from(names, ([name, inode]) => [`${path}/${name}`, inode])))
  }

  list(path: string): string[] {
    const below = [...this.#there()].map(([other]) => other).filter((other) => other.startsWith(`${path}/`))
    const directories = new Set(below.map((other) => other.slice(path.length + 1).split('/')[0]!))
    return [...directories, ...(this.#find(path)?.names.keys() ?? [])]
  }

  makeDirectory(path: string): void {
    const there = this.#directories.get(path)
    if (there === undefined) this.#directories.set(path, new Directory())
    else there.removed = false
  }

  syncDirectory(path: string): void {
    this.#demand(path).sync()
  }

  create(path: string): Inode {
    const [directory, name] = this.#split(path)
    if (directory.names.has(name)) throw systemError('EEXIST', path)
    const inode = new Inode(this.#clock())
    directory.add(name, inode)
    return inode
  }

  open(path: string): Inode {
    const [directory, name] = this.#split(path)
    const inode = directory.names.get(name)
    if (inode === undefined) throw systemError('ENOENT', path)
    return inode
  }

  rename(from: string, to: string): void {
    const [directory, name] = this.#split(from)
    const [into, newName] = this.#split(to)
    if (into !== directory) throw new Error('a file keeps its directory')
    if (!directory.rename(name, newName)) throw systemError('ENOENT', from)
  }

  remove(path: string): void {
    const parent = this.#find(parentOf(path))
    parent?.remove(nameOf(path))
    for (const [other, directory] of this.#there()) {
      if (other !== path && !other.startsWith(`${path}/`)) continue
      for (const name of directory.names.keys()) directory.remove(name)
      directory.removed = true
    }
  }

  /** Takes as many bytes as there is room for, then throws. */
  append(inode: Inode, parts: readonly Uint8Array[], path: string): void {
    let room = this.capacity === Infinity ? Infinity : this.capacity - this.used
    for (const part of parts) {
      inode.append(part.subarray(0, Math.max(0, Math.min(part.length, room))), this.#clock())
      if (part.length > room) throw systemError('ENOSPC', path)
      room -= part.length
    }
  }

  /** Bytes of all files together. */
  get used(): number {
    return [...this.files().values()].reduce((sum, { size }) => sum + size, 0)
  }

  cutPower(random: Random): void {
    const inodes = new Set(this.files().values())
    for (const directory of this.#directories.values()) directory.cutPower(random)
    for (const inode of this.files().values()) inodes.add(inode)
    const all = [...inodes]
    const stale = all.map(({ bytes }) => Buffer.from(bytes))
    for (const inode of all) inode.cutPower(random, random.pick(stale))
  }

  empty(): void {
    this.#directories.clear()
  }

  *#there(): Iterable<[string, Directory]> {
    for (const [path, directory] of this.#directories) if (!directory.removed) yield [path, directory]
  }

  #find(path: string): Directory | undefined {
    const directory = this.#directories.get(path)
    return directory?.removed === true ? undefined : directory
  }

  #demand(path: string): Directory {
    const directory = this.#find(path)
    if (directory === undefined) throw systemError('ENOENT', path)
    return directory
  }

  #split(path: string): [Directory, string] {
    return [this.#demand(parentOf(path)), nameOf(path)]
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
