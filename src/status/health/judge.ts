// What one site thinks of one component: a Sighting, made of its probes and of what the cell says of
// itself. Worse at once, better after a proof, unknown where nobody looked. Time only comes in.

import {
  MAJOR_HELD_MS,
  PARTIAL_HELD_MS,
  PROBE_ASIDE_MS_MAX,
  PROBE_MS_MAX,
  PROBES_MISSED_MAX,
  PROBES_PENDING_MAX,
  SIGN_WAIT_MS_MAX,
  STATUS_WHY_CHARS_MAX,
} from '../../base/limits.ts'
import type { TimingConfig } from '../config.ts'
import { isIll, isWorse, worse } from '../status.ts'
import type { SelfReport } from '../probes/report.ts'
import type { ComponentId, Level, ProbeResult, Recovery, Sighting } from '../status.ts'
import { endMs, isSilent, RecentProbes } from './recent-probes.ts'
import { isIllNow, levelOf } from './verdict.ts'
import { FIRST_WEIGHTS, weigh } from './weigh.ts'

/** Whether this site's own network works, as probes/footing.ts knows it. Monotonic times. */
export interface Ground {
  /** Whether something answered over HTTP that was asked for while a probe went on, or just after. */
  hasSignAfter(beganMs: number, endedMs: number): boolean
  isBlind(nowMs: number): boolean
}

export interface Look {
  readonly nowMs: number // monotonic
  readonly wallMs: number
  readonly ground: Ground
}

/** Shares and times of a proof are told in steps, so that a page does not change every second. */
const PROOF_STEPS = 20
/** Probes that a site must have judged before it says that something is well. */
const PROBES_BEFORE_WORD = 2

/**
 * Levels by `verdict.ts`, once `PROBES_BEFORE_WORD` probes were judged. From an outage to a lesser level only
 * when nothing showed the outage for `MAJOR_HELD_MS` (`PARTIAL_HELD_MS`); from any ill level to
 * `recovering`, and from there to `operational` when for `proofSec` no probe failed, none went
 * unseen, and no report was ill.
 */
export class Judge {
  readonly #component: ComponentId
  readonly #timing: TimingConfig
  readonly #recent = new RecentProbes()
  /** Not judged yet: silent failures that wait for a sign, and what came behind them. */
  #pending: readonly ProbeResult[] = []
  #weights = FIRST_WEIGHTS
  #failedWeights = FIRST_WEIGHTS
  #isIll = false
  /** Of what probes alone show. */
  #probedLevel: Level = 'operational'
  #judgedCount = 0
  #judgedMs = -Infinity
  #report: { readonly said: SelfReport; readonly atMs: number } | null = null
  /** When a level at least this bad was last justified. */
  #majorMs = -Infinity
  #partialMs = -Infinity
  /** Ill since it was last well: it has to prove itself. Both are of probes and reports. */
  #isProving = false
  #badMs = -Infinity
  /** Monotonic: the first failure of the last trouble; what is counted begins there. */
  #troubleMs = -Infinity
  #told: { readonly level: Level; readonly sinceMs: number } | null = null

  constructor(component: ComponentId, timing: TimingConfig) {
    this.#component = component
    this.#timing = timing
  }

  /** Takes a probe's result; it is judged at the next look. */
  take(result: ProbeResult): void {
    this.#pending = [...this.#pending, result].slice(-PROBES_PENDING_MAX)
  }

  /** What the cell says of itself now; null: nothing any more. It can only make things worse. */
  takeReport(said: SelfReport | null, nowMs: number): void {
    this.#report = said === null ? null : { said, atMs: nowMs }
  }

  /** What this site thinks at this moment. */
  look({ ground, nowMs, wallMs }: Look): Sighting {
    const isBlind = ground.isBlind(nowMs)
    this.#judgePending(nowMs, ground, isBlind)
    const missedMs = missedMsOf(this.#timing)
    const isKnown =
      !isBlind && this.#judgedCount >= PROBES_BEFORE_WORD && nowMs - this.#judgedMs <= missedMs
    const said = isBlind || this.#report === null ? null : this.#report
    const report = said !== null && nowMs - said.atMs <= missedMs ? said.said : null
    const probed = isKnown ? this.#probedLevel : 'unknown'
    const raw = worse(probed, reportedLevel(report))
    const level = this.#withProof(raw, nowMs, isKnown)
    return {
      component: this.#component,
      level,
      sinceMs: this.#since(level, wallMs),
      why: this.#why({ level, probed, report, isBlind }).slice(0, STATUS_WHY_CHARS_MAX),
      ...this.#recent.counts(this.#troubleMs),
      isSilent: this.#isSilent(level),
      medianMs: this.#recent.medianMs,
      recovery: report?.recovery ?? (level === 'recovering' ? this.#proof(nowMs) : null),
    }
  }

  /** Until it is well again: what mends first of a site's own network must not make the rest an outage. */
  #isSilent(level: Level): boolean {
    if (this.#recent.isSilent) return true
    const isMending = this.#isProving && level !== 'unknown'
    return isMending && this.#recent.areSilentSince(this.#troubleMs)
  }

  /** In their order; a silent failure waits for its sign, and what came after waits with it. */
  #judgePending(nowMs: number, ground: Ground, isBlind: boolean): void {
    let next = this.#pending[0]
    while (next !== undefined) {
      const needsSign = isSilent(next.failure)
      if (!needsSign || (!isBlind && ground.hasSignAfter(next.beganMs, endMs(next)))) {
        this.#judge(next)
      } else if (!isBlind && nowMs - endMs(next) <= SIGN_WAIT_MS_MAX) {
        return
      }
      this.#pending = this.#pending.slice(1)
      next = this.#pending[0]
    }
  }

  #judge(result: ProbeResult): void {
    const { failure } = result
    this.#recent.add(result)
    this.#judgedCount += 1
    this.#judgedMs = endMs(result)
    const outcome = failure?.kind === 'wrong-data' ? 'wrong-data' : 'failure'
    this.#weights = weigh(this.#weights, failure === null ? 'success' : outcome)
    if (failure !== null) this.#failedWeights = this.#weights
    const before = { isIll: this.#isIll, failed: this.#failedWeights }
    this.#isIll = isIllNow(this.#weights, this.#recent, before)
    this.#probedLevel = levelOf(this.#weights, this.#recent, {
      isIll: this.#isIll,
      slowMs: this.#timing.slowMs,
    })
    if (failure === null) return
    this.#badMs = Math.max(this.#badMs, endMs(result))
    if (!this.#isProving && this.#recent.isFirstFailure) this.#troubleMs = result.beganMs
  }

  /** What may be told where this is what is seen. Never better than `raw`; a worse `raw` never gives a better one. */
  #withProof(raw: Level, nowMs: number, isKnown: boolean): Level {
    const isRawIll = isIll(raw)
    if (raw === 'major-outage') this.#majorMs = nowMs
    if (raw === 'major-outage' || raw === 'partial-outage') this.#partialMs = nowMs
    if (isRawIll) this.#isProving = true
    // While nobody looks nothing is proved.
    if (isRawIll || (this.#isProving && !isKnown)) this.#badMs = nowMs
    if (isRawIll) {
      if (nowMs - this.#majorMs < MAJOR_HELD_MS) return 'major-outage'
      if (nowMs - this.#partialMs < PARTIAL_HELD_MS) return worse(raw, 'partial-outage')
      return raw
    }
    if (!isKnown) return raw
    if (nowMs - this.#badMs >= this.#timing.proofSec * 1000) this.#isProving = false
    return this.#isProving ? worse(raw, 'recovering') : raw
  }

  /** How far the proof is. */
  #proof(nowMs: number): Recovery {
    const proofMs = this.#timing.proofSec * 1000
    const share = Math.max(0, Math.min(1, (nowMs - this.#badMs) / Math.max(1, proofMs)))
    const doneShare = Math.floor(share * PROOF_STEPS) / PROOF_STEPS
    return { doneShare, leftMs: Math.round((1 - doneShare) * proofMs) }
  }

  /** Wall clock: of what became ill the first failure, else when this level was first told. */
  #since(level: Level, wallMs: number): number {
    const before = this.#told
    if (before?.level === level) return before.sinceMs
    const firstFailureMs = this.#recent.firstFailureAtMs(this.#troubleMs)
    const hasBegun = isIll(level) && (before === null || !isIll(before.level))
    const sinceMs = hasBegun && isIll(this.#probedLevel) ? firstFailureMs : null
    this.#told = { level, sinceMs: Math.max(0, Math.round(sinceMs ?? wallMs)) }
    return this.#told.sinceMs
  }

  #why({ isBlind, level, probed, report }: Seen): string {
    if (isBlind) return "this site's own network gives no sign, so it cannot tell"
    const ofReport = report !== null && isWorse(probed, reportedLevel(report)) ? report.why : ''
    if (ofReport !== '') return ofReport
    if (level === 'unknown') {
      if (this.#pending.length > 0)
        return "no answer, and no sign that this site's own network works"
      return this.#judgedCount < PROBES_BEFORE_WORD ? 'not probed yet' : 'not probed lately'
    }
    if (level === 'operational') return 'probes succeed'
    if (level === 'recovering') return 'probes succeed again'
    const { failedCount, probeCount } = this.#recent.counts(this.#troubleMs)
    const medianMs = this.#recent.medianMs ?? 0
    const isSlow = medianMs >= this.#timing.slowMs
    const slow = isSlow ? `median ${(medianMs / 1000).toFixed(1)} s` : ''
    const isFailing = this.#isIll || !isSlow
    const failed = `${failedCount} of ${probeCount} failed: ${this.#recent.failureWords}`
    return [isFailing && failedCount > 0 ? failed : '', slow]
      .filter((part) => part !== '')
      .join('; ')
  }
}

interface Seen {
  readonly level: Level
  readonly probed: Level
  readonly report: SelfReport | null
  readonly isBlind: boolean
}

/** A probe that is under way has not been missed, however short the interval is. */
function missedMsOf({ probeIntervalSec }: TimingConfig): number {
  const intervalMs = probeIntervalSec * 1000
  const longestMs = intervalMs + PROBE_MS_MAX + PROBE_ASIDE_MS_MAX
  return Math.max(PROBES_MISSED_MAX * intervalMs, longestMs)
}

/** `operational` of a report is no word at all: only worse than what probes saw counts. */
function reportedLevel(report: SelfReport | null): Level {
  return report === null || report.level === 'unknown' ? 'operational' : report.level
}
