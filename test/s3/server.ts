// A whole store in this process, served over HTTP on a free port: router, gateway, index,
// placement and storage as they ship, the engine in memory, files in a folder that goes with it.
// Its clock stands still until a test turns it.

import { strict as check } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Closers } from '../../src/base/closers.ts'
import type { CommitId, WriterId } from '../../src/base/id.ts'
import { newId } from '../../src/base/id.ts'
import { REQUEST_HEADER_SIZE_BYTES_MAX } from '../../src/base/limits.ts'
import type { ManualClock } from '../../src/base/manual-clock.ts'
import { openDirectory } from '../../src/directory/directory-service.ts'
import type {
  Directory,
  DirectoryOperation,
  DirectoryOutcome,
} from '../../src/directory/directory.ts'
import { openGateway } from '../../src/gateway/gateway-service.ts'
import type { IndexOperation, ObjectIndex } from '../../src/object-index/object-index.ts'
import { TestStore } from '../../src/placement/suite-store.ts'
import { openDisk } from '../../src/platform/disk.ts'
import { listenHttp } from '../../src/platform/http-server.ts'
import { openRouter } from '../../src/router/router-service.ts'
import { attachRouter } from '../../src/router/router.ts'
import type { Router, RouterSettings } from '../../src/router/router.ts'
import { openStorage } from '../../src/storage/storage-service.ts'
import { S3Client } from './client.ts'
import type { Keys } from './client.ts'

const CACHE_SIZE_BYTES = 1024 * 1024
const OWNERSHIP: RouterSettings['objectOwnership'] = 'BucketOwnerEnforced'
const ROOT: Keys = { accessKeyId: 'AKROOT', secret: 'the root secret' }

export interface ServerOptions {
  readonly region?: string
  readonly domains?: readonly string[]
  readonly objectOwnership?: RouterSettings['objectOwnership']
}

export class S3Server implements AsyncDisposable {
  readonly store: TestStore
  readonly directory: Directory
  readonly router: Router
  readonly port: number
  readonly region: string
  /** Of the root account. */
  readonly client: S3Client
  /** Programmer's errors that the router told of: there must be none. */
  readonly faults: unknown[]
  /** What a test puts before the calls of the router's index. */
  readonly trouble: Trouble
  /** The fields of the router's warnings. */
  readonly warnings: Readonly<Record<string, unknown>>[]
  readonly #closers: Closers

  private constructor(parts: {
    store: TestStore
    directory: Directory
    router: Router
    port: number
    region: string
    faults: unknown[]
    trouble: Trouble
    warnings: Readonly<Record<string, unknown>>[]
    closers: Closers
  }) {
    this.store = parts.store
    this.directory = parts.directory
    this.router = parts.router
    this.port = parts.port
    this.region = parts.region
    this.faults = parts.faults
    this.trouble = parts.trouble
    this.warnings = parts.warnings
    this.#closers = parts.closers
    this.client = this.clientOf(ROOT)
  }

  static async open(options: ServerOptions = {}): Promise<S3Server> {
    const { region = 'us-east-1', domains = [], objectOwnership = OWNERSHIP } = options
    const closers = new Closers()
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-s3-'))
    closers.defer(async () => rmSync(folder, { recursive: true, force: true }))
    const disk = openDisk(folder)
    await disk.replaceFile('ballast', Buffer.from('of the right name and no size'))
    const store = await TestStore.open({ folder, disk })
    closers.defer(async () => await store.close())
    const directory = openDirectory({ engine: store.engine, random: store.random })
    await addAccount(directory, 'root', ROOT)
    const faults: unknown[] = []
    const trouble: Trouble = { before: null, directory: null }
    const warnings: Readonly<Record<string, unknown>>[] = []
    const settings = { region, domains, objectOwnership }
    const told = { faults, trouble, warnings }
    const { router, port } = await serve({ store, directory, settings, ...told, closers })
    return new S3Server({
      store,
      directory,
      router,
      port,
      region,
      ...told,
      closers,
    })
  }

  /** A second worker of the same store, with caches and a port of its own; its root client. */
  async worker(): Promise<S3Client> {
    const { store, directory, faults, trouble, warnings, clock, region } = this
    const settings = { region, domains: [], objectOwnership: OWNERSHIP }
    const told = { faults, trouble, warnings }
    const { port } = await serve({ store, directory, settings, ...told, closers: this.#closers })
    return new S3Client({ port, clock, region, keys: ROOT })
  }

  get clock(): ManualClock {
    return this.store.clock
  }

  get index(): ObjectIndex {
    return this.store.index
  }

  /** A client of a new account, which owns what it makes and may use nothing else. */
  async account(id: string): Promise<S3Client> {
    const keys = { accessKeyId: `AK${id.toUpperCase()}`, secret: `the secret of ${id}` }
    await addAccount(this.directory, id, keys)
    return this.clientOf(keys)
  }

  clientOf(keys: Keys): S3Client {
    const { clock, port, region } = this
    return new S3Client({ port, clock, region, keys })
  }

  /** Applies an operation of the index behind the API's back, such as a quota. */
  async apply(operation: IndexOperation): Promise<void> {
    const outcome = await this.index.apply(operation, newId<CommitId>(this.store.random))
    check.equal(outcome.kind, 'done', JSON.stringify(outcome))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closers[Symbol.asyncDispose]()
    check.deepEqual(this.faults, [], 'no programmer error was met')
  }
}

/** Awaited before each call of the index by its name; what it throws, the call throws. */
export interface Trouble {
  before: ((method: string) => Promise<void>) | null
  /** Carries a change of the directory out, or does not; what it throws, the router gets. */
  directory:
    | ((
        operation: DirectoryOperation,
        apply: () => Promise<DirectoryOutcome>,
      ) => Promise<DirectoryOutcome>)
    | null
}

function troubledDirectory(directory: Directory, trouble: Trouble): Directory {
  const apply = directory.apply.bind(directory)
  return {
    ...directory,
    apply: async (operation) =>
      trouble.directory === null
        ? await apply(operation)
        : await trouble.directory(operation, async () => await apply(operation)),
  }
}

function troubled(index: ObjectIndex, trouble: Trouble): ObjectIndex {
  return new Proxy(index, {
    get: (target, method) => {
      const value: unknown = Reflect.get(target, method, target)
      if (typeof value !== 'function' || typeof method !== 'string') return value
      return (...args: unknown[]): unknown => {
        const { before } = trouble
        if (before === null) return Reflect.apply(value, target, args)
        return before(method).then(() => Reflect.apply(value, target, args))
      }
    },
  })
}

interface Serving {
  readonly store: TestStore
  readonly directory: Directory
  readonly settings: Pick<RouterSettings, 'region' | 'domains' | 'objectOwnership'>
  readonly faults: unknown[]
  readonly trouble: Trouble
  readonly warnings: Readonly<Record<string, unknown>>[]
  readonly closers: Closers
}

/** A worker's half: gateway and router over the store, at a port. */
async function serve(serving: Serving): Promise<{ router: Router; port: number }> {
  const { store, directory, settings, faults, trouble, warnings, closers } = serving
  const { clock, random, placement } = store
  const index = troubled(store.index, trouble)
  const storage = closers.use(openStorage({ disk: store.disk, clock, random }))
  const writerId = newId<WriterId>(random)
  const parts = { index, placement, storage, clock, random, writerId }
  const gateway = closers.use(openGateway({ ...parts, cacheSizeBytes: CACHE_SIZE_BYTES }))
  const router = closers.use(
    openRouter({
      gateway,
      index,
      directory: troubledDirectory(directory, trouble),
      placement,
      clock,
      random,
      log: { error: () => undefined, warn: (_, fields) => warnings.push(fields) },
      writeAccessLog: () => undefined,
      figures: () => [],
      gatherMetrics: null,
      defer: setImmediate,
      onFault: (fault) => faults.push(fault),
      settings: { ...settings, accessLog: 'none', admin: 'here' },
    }),
  )
  const http = await listenHttp(LISTEN, (server) => attachRouter(server, router))
  closers.defer(async () => {
    http.server.closeAllConnections()
    await http.close()
  })
  return { router, port: http.port }
}

async function addAccount(directory: Directory, id: string, keys: Keys): Promise<void> {
  const account = { id, displayName: `${id}'s name`, email: '', isRoot: id === 'root' }
  check.equal(await directory.apply({ kind: 'add-account', account }), 'done')
  const { accessKeyId, secret: secretKey } = keys
  const key = { accountId: id, accessKeyId, secretKey }
  check.equal(await directory.apply({ kind: 'add-key', key }), 'done')
}

const LISTEN = {
  host: '127.0.0.1',
  port: 0,
  tls: null,
  headerSizeBytesMax: REQUEST_HEADER_SIZE_BYTES_MAX,
  connectionsMax: 1000,
  headersTimeoutMs: 20_000,
  keepAliveMs: 65_000,
  onTlsError: (): void => undefined,
  onTlsChange: (): void => undefined,
} as const
