// Drivers that are wrong in one way each, over one that is right.

import { EngineError } from '../src/engine/engine.ts'
import type {
  Commit,
  Decision,
  Engine,
  EngineReader,
  Mutation,
  Overlay,
  RangeRead,
  ReadRequest,
  ReadResult,
  Versionstamp,
} from '../src/engine/engine.ts'
import { keyBehind, keyText } from '../src/engine/key-text.ts'
import { createMemoryStore, openMemoryEngine, openMemoryReader } from '../src/engine/memory.ts'
import type { ReplayTarget } from './engine-replay.ts'

export type Disguise = (target: ReplayTarget) => ReplayTarget

/** By what is wrong. */
export const LIARS: Readonly<Record<string, Disguise>> = {
  'a page that is full lacks its last key': ofRanges((read) => {
    return { ...read, limit: Math.max(1, read.limit - 1) }
  }),
  'a page lacks its first key': ofRanges((read) => ({ ...read, visit: withoutFirst(read.visit) })),
  'a page has its end too': ofRanges((read) => {
    const { start, end } = read.range
    return read.reverse === true ? read : { ...read, range: { start, end: keyBehind(end) } }
  }),
  'a reverse page has its end too': ofRanges((read) => {
    const { start, end } = read.range
    return read.reverse === true ? { ...read, range: { start, end: keyBehind(end) } } : read
  }),
  'a page goes on behind the key that was sought': ofRanges((read) => {
    const visit: RangeRead['visit'] = (key, value) => {
      const answer = read.visit(key, value)
      return typeof answer === 'string' || read.reverse === true ? answer : keyBehind(answer)
    }
    return { ...read, visit }
  }),
  'a page has the last byte of a value wrong': ofRanges((read) => {
    return { ...read, visit: (key, value) => read.visit(key, spoiled(value)) }
  }),
  'a page that its limit ends is said to be whole': ofReads((result) => {
    return { ...result, isWhole: result.isWhole.map(() => true) }
  }),
  'a whole page is said to have more behind it': ofReads((result) => {
    return { ...result, isWhole: result.isWhole.map(() => false) }
  }),
  'a key is not found': ofReads((result) => ({ ...result, values: result.values.map(() => null) })),
  'a value has its last byte wrong': ofReads((result) => {
    return { ...result, values: result.values.map((value) => value && spoiled(value)) }
  }),
  'a reader shows what was before': (target) => {
    const shown = new Map<string, Buffer | null>()
    return ofReads(({ values, isWhole }, { keys }) => {
      const old = (keys ?? []).map((key, at) => {
        const text = keyText(key)
        if (!shown.has(text)) shown.set(text, values[at] ?? null)
        return shown.get(text) ?? null
      })
      return { values: old, isWhole }
    })(target)
  },
  'a decision does not find a key': ofOverlays((overlay) => ({ ...overlay, get: () => null })),
  'a decision finds no first': ofOverlays((overlay) => ({ ...overlay, first: () => null })),
  'a decision finds no last': ofOverlays((overlay) => ({ ...overlay, last: () => null })),
  'a decision finds other sums': ofOverlays((overlay) => {
    return { ...overlay, sum: (key) => overlay.sum(key).map((sum) => sum + 1n) }
  }),
  'cell time is a millisecond late': ofOverlays((overlay) => {
    return { ...overlay, nowMs: overlay.nowMs + 1 }
  }),
  'a stamp is one too high': ofEngines((engine) => {
    const commit = engine.commit.bind(engine)
    engine.commit = async (asked) => {
      const { result, versionstamp } = await commit(asked)
      return { result, versionstamp: versionstamp && next(versionstamp) }
    }
  }),
  'a refusal has a stamp': ofEngines((engine) => {
    const commit = engine.commit.bind(engine)
    engine.commit = async (asked) => {
      const { result, versionstamp } = await commit(asked)
      return { result, versionstamp: versionstamp ?? engine.status().versionstamp }
    }
  }),
  'a commit is answered and not made': (target) => {
    const refusing = ofDecisions(({ result }) => ({ kind: 'refuse', result }))
    return ofEngines((engine) => {
      const commit = engine.commit.bind(engine)
      engine.commit = async (asked) => {
        const { result } = await commit(asked)
        return { result, versionstamp: next(engine.status().versionstamp) }
      }
    })(refusing(target))
  },
  'a deletion is not made': ofMutations((all) => all.filter(({ kind }) => kind !== 'delete')),
  'a value is written with its last byte wrong': ofMutations((all) =>
    all.map((each) => (each.kind === 'set' ? { ...each, value: spoiled(each.value) } : each)),
  ),
  'sums are not added': ofMutations((all) => all.filter(({ kind }) => kind !== 'sum')),
  'the log starts one late': ofEngines((engine) => {
    const log = engine.log.bind(engine)
    engine.log = async (after, limit) => (await log(after, limit)).slice(1)
  }),
  'a page of the log lacks its last entry': ofEngines((engine) => {
    const log = engine.log.bind(engine)
    engine.log = async (after, limit) => (await log(after, limit)).slice(0, -1)
  }),
  'an entry of the log has its last byte wrong': ofEngines((engine) => {
    const log = engine.log.bind(engine)
    engine.log = async (after, limit) => {
      return (await log(after, limit)).map((entry) => ({ ...entry, bytes: spoiled(entry.bytes) }))
    }
  }),
  'a log that was trimmed is said to be empty': ofEngines((engine) => {
    const log = engine.log.bind(engine)
    engine.log = async (after, limit) => await log(after, limit).catch(() => [])
  }),
  'a trim cuts one too many': ofEngines((engine) => {
    const trim = engine.trim.bind(engine)
    const status = engine.status.bind(engine)
    let logStart: Versionstamp | null = null
    engine.trim = async (to) => {
      logStart = to
      await trim(next(to))
    }
    engine.status = () => ({ ...status(), logStart: logStart ?? status().logStart })
  }),
  'a trim cuts nothing': ofEngines((engine) => (engine.trim = async () => undefined)),
  'a fate is forgotten': ofEngines((engine) => (engine.fate = async () => 'never')),
  'a fate is invented': ofEngines((engine) => {
    const fate = engine.fate.bind(engine)
    engine.fate = async (id) => {
      const found = await fate(id)
      return found === 'never' ? engine.status().versionstamp : found
    }
  }),
  'an epoch is taken and not kept': ofEngines((engine) => {
    engine.takeEpoch = async () => engine.status().epoch + 1
  }),
  'an engine that was deposed goes on': ofEngines((engine) => {
    const commit = engine.commit.bind(engine)
    engine.commit = async (asked) => {
      try {
        return await commit(asked)
      } catch (error) {
        if (!(error instanceof EngineError) || error.code !== 'deposed') throw error
        return { result: 'done' as never, versionstamp: null }
      }
    }
  }),
  'a confirmed clock goes on alarming': ofEngines((engine) => {
    engine.confirmClock = async () => undefined
  }),
  'what was committed is gone with its engine': (target) => {
    const openReader = async () => openMemoryReader(createMemoryStore())
    return { ...target, openReader, openEngine: async (clock) => openMemoryEngine({ clock }) }
  },
}

function ofEngines(disguise: (engine: Engine) => void): Disguise {
  return (target) => ({
    ...target,
    openEngine: async (clock) => {
      const engine = await target.openEngine(clock)
      disguise(engine)
      return engine
    },
  })
}

type OnRead = (read: EngineReader['read'], request: ReadRequest) => Promise<ReadResult>

function ofBoth(onRead: OnRead): Disguise {
  const disguise = <E extends EngineReader>(reader: E): E => {
    const read = reader.read.bind(reader)
    reader.read = async (request) => await onRead(read, request)
    return reader
  }
  return (target) => ({
    openEngine: async (clock) => disguise(await target.openEngine(clock)),
    openReader: async () => disguise(await target.openReader()),
  })
}

function ofReads(answer: (result: ReadResult, request: ReadRequest) => ReadResult): Disguise {
  return ofBoth(async (read, request) => answer(await read(request), request))
}

function ofRanges(ask: (range: RangeRead) => RangeRead): Disguise {
  return ofBoth(async (read, { keys, ranges }) => {
    return await read({ keys: keys ?? [], ranges: (ranges ?? []).map(ask) })
  })
}

function ofCommits(disguise: <T>(commit: Commit<T>) => Commit<T>): Disguise {
  return ofEngines((engine) => {
    const commit = engine.commit.bind(engine)
    engine.commit = async (asked) => await commit(disguise(asked))
  })
}

/** As it is, with methods that need no `this`. */
type LooseOverlay = Pick<Overlay, keyof Overlay>

function ofOverlays(disguise: (overlay: LooseOverlay) => Overlay): Disguise {
  return ofCommits(({ id, reads, decide }) => {
    const met = new Map<Overlay, Overlay>()
    const shown = (overlay: Overlay): Overlay => {
      const known = met.get(overlay) ?? disguise(loose(overlay))
      met.set(overlay, known)
      return known
    }
    return { id, reads, decide: (overlay) => decide(shown(overlay)) }
  })
}

function loose(overlay: Overlay): LooseOverlay {
  return {
    get: (key) => overlay.get(key),
    first: (range) => overlay.first(range),
    last: (range) => overlay.last(range),
    sum: (key) => overlay.sum(key),
    nowMs: overlay.nowMs,
    versionstamp: overlay.versionstamp,
  }
}

type Apply<T> = Extract<Decision<T>, { readonly kind: 'apply' }>

function ofDecisions(disguise: <T>(decision: Apply<T>) => Decision<T>): Disguise {
  return ofCommits(({ id, reads, decide }) => ({
    id,
    reads,
    decide: (overlay) => {
      const decision = decide(overlay)
      return decision.kind === 'apply' ? disguise(decision) : decision
    },
  }))
}

function ofMutations(disguise: (mutations: readonly Mutation[]) => readonly Mutation[]): Disguise {
  return ofDecisions((decision) => ({ ...decision, mutations: disguise(decision.mutations) }))
}

function withoutFirst(visit: RangeRead['visit']): RangeRead['visit'] {
  let isFirst = true
  return (key, value) => {
    if (!isFirst) return visit(key, value)
    isFirst = false
    return 'next'
  }
}

function spoiled(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes)
  const last = copy.at(-1)
  if (last !== undefined) copy[copy.length - 1] = last ^ 1
  return copy
}

function next({ incarnation, sequence }: Versionstamp): Versionstamp {
  return { incarnation, sequence: sequence + 1 }
}
