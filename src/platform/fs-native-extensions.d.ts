// What platform/lock.ts uses of a package that brings no types.

declare module 'fs-native-extensions' {
  /** Locks the whole file exclusively; false while another open file description has it. */
  export function tryLock(fd: number): boolean
}
