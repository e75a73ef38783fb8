/**
 * As much of a file system as local snapshots need. What is written is safe from a loss of power only after `sync`; that a file is there, bears its name or
 * is gone, only after `syncDirectory`. Before, any part of it may have happened, in any order.
 */
export interface Disk {
  /** Names in a directory; none where it does not exist. */
  list(directory: string): Promise<readonly string[]>
  /** With all above it; it may be there already. Safe from a loss of power once it is done. */
  makeDirectory(directory: string): Promise<void>
  syncDirectory(directory: string): Promise<void>
  /** A new file; rejects where there is one of that name. */
  create(path: string): Promise<WritableFile>
  open(path: string): Promise<ReadableFile>
  /** Replaces what bears the new name. */
  rename(from: string, to: string): Promise<void>
  /** A file, or a directory with all in it; it may be gone already. */
  remove(path: string): Promise<void>
}

export interface WritableFile {
  /** Appends all parts, or rejects with any of it written. */
  append(parts: readonly Uint8Array[]): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export interface ReadableFile {
  /** Fills `into` from `position` on, less only at the end of the file. Returns the number of bytes. */
  read(into: Uint8Array, position: number): Promise<number>
  status(): Promise<FileStatus>
  close(): Promise<void>
}

export interface FileStatus {
  /** Bytes. */
  readonly size: number
  /** Of the last change, epoch ms. */
  readonly changed: number
}
