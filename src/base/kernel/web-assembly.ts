// WebAssembly as far as the kernels need it. Its types stand in TypeScript's DOM library alone,
// whose other names (fetch, window, …) have no place here.

interface Namespace {
  readonly Memory: new (size: { initial: number; maximum: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

/** A memory of this many pages of 64 KiB that never grows. */
export function openMemory(pageCount: number): WasmMemory {
  return new (namespace().Memory)({ initial: pageCount, maximum: pageCount })
}

/** Compiles and instantiates over `memory`; for kernels of a few KiB, as it blocks meanwhile. */
export function openModule<Exports extends object>(bytes: Uint8Array, memory: WasmMemory): Exports {
  const { Instance, Module } = namespace()
  return new Instance(new Module(bytes), { env: { memory } }).exports as Exports
}

function namespace(): Namespace {
  return (globalThis as unknown as { readonly WebAssembly: Namespace }).WebAssembly
}
