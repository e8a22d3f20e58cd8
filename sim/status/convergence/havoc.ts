// What befalls the sites: deaths, power cuts, disks that fail, are full, rot or are gone, clocks that jump,
// cuts in the network, and outages of what they watch, for their machines to post about.

import { answerOf } from '../../../src/status/probes/cell-model.ts'
import type { SeededRandom } from '../../random.ts'
import type { ChaosPlane } from './plane.ts'
import { CALM_START } from './site.ts'
import type { WholeSite } from './site.ts'

/** Of the drives that have what no other has. */
const LOSS_SHARE = 0.1
const PAUSE_MS = [300, 9000] as const
const CUT_MS = [1000, 120_000] as const
/** Long enough, now and then, that nothing green may be left. */
const ALONE_MS = [5000, 300_000] as const
const DOWN_MS = [50, 40_000] as const
const JUMP_MS = [500, 20 * 365 * 86_400_000] as const

export class Havoc {
  readonly #plane: ChaosPlane
  readonly #random: SeededRandom
  readonly #services = new Set<() => void>()
  #isOver = false
  #isEnded = false

  constructor(plane: ChaosPlane) {
    this.#plane = plane
    this.#random = plane.world.random.fork('havoc')
  }

  /** Keeps every site running, as whatever starts processes anew on a machine does. */
  keepAll(): void {
    for (const site of this.#plane.sites) void this.#keep(site)
  }

  async run(untilMs: number): Promise<void> {
    const { mesh, sites, world } = this.#plane
    for (const { drive } of sites) drive.faults.begin()
    mesh.begin()
    const acts = this.#acts()
    for (;;) {
      await world.clock.sleep(this.#random.spread(...PAUSE_MS))
      if (world.nowMs >= untilMs) return
      const site = this.#random.pick(sites)
      this.#random.pick(acts)(site)
    }
  }

  /** From now on all is well, and every clock is right. */
  heal(): void {
    this.#isOver = true
    this.#plane.mesh.end()
    for (const end of this.#services) end()
    for (const site of this.#plane.sites) {
      site.tallyDrive()
      if (site.heal()) site.kill()
    }
  }

  /** Starts nothing any more. */
  end(): void {
    this.#isEnded = true
  }

  async #keep(site: WholeSite): Promise<void> {
    const { clock } = this.#plane.world
    while (!this.#isEnded) {
      await site.start(this.#isOver ? CALM_START : site.drawStart())
      await site.died()
      await clock.sleep(this.#isOver ? 200 : this.#random.spread(...DOWN_MS))
    }
  }

  #acts(): ((site: WholeSite) => void)[] {
    const { tally } = this.#plane
    return [
      (site) => this.#cut('partition', site),
      (site) => this.#cut('partition', site),
      (site) => this.#cut('half-partition', site),
      (site) => {
        this.#later(ALONE_MS, this.#plane.mesh.isolate(site.name))
      },
      (site) => {
        tally.note('kill')
        site.kill()
      },
      (site) => this.#cutPower(site),
      (site) => this.#cutPower(site),
      (site) => this.#loseDrive(site),
      (site) => this.#rot(site),
      (site) => {
        tally.note('full-disk')
        const { drive } = site
        drive.leaveFree(0)
        this.#later([2000, 30_000], () => drive.heal())
      },
      (site) => {
        tally.note('pause')
        site.pause(this.#random.spread(500, 60_000))
      },
      (site) => {
        tally.note('clock-jump')
        const jumpMs = Math.floor(this.#random.spread(...JUMP_MS))
        site.clockOffsetMs = this.#random.pick([0, jumpMs, -jumpMs])
      },
      () => this.#breakService('service-down'),
      () => this.#breakService('service-down'),
      () => this.#breakService('service-silent'),
    ]
  }

  #later(rangeMs: readonly [number, number], act: () => void): void {
    const { world } = this.#plane
    world.schedule(null, this.#random.spread(...rangeMs), 'end of havoc', act)
  }

  #cut(kind: 'partition' | 'half-partition', site: WholeSite): void {
    const other = this.#random.pick(this.#plane.sites)
    if (other === site) return
    this.#later(CUT_MS, this.#plane.mesh.cut(kind, site.name, other.name))
  }

  #cutPower(site: WholeSite): void {
    this.#plane.remark('', `power cut of ${site.name}`)
    this.#plane.tally.note('power-cut')
    site.cutPower()
  }

  #loseDrive(site: WholeSite): void {
    if (!this.#mayLose(site)) return
    this.#plane.tally.note('lost-disk')
    site.kill()
    site.loseDrive()
  }

  #rot(site: WholeSite): void {
    if (!this.#mayLose(site)) return
    site.kill()
    this.#plane.remark('', `rot of ${site.name}`)
    if (site.rot()) this.#plane.tally.note('rotten-log')
  }

  /** What lies on this drive alone, nobody can give back: mostly nothing, else it is excused. */
  #mayLose(site: WholeSite): boolean {
    const { sites, witness } = this.#plane
    const others = sites.filter((other) => other !== site)
    const elsewhere = new Set(others.flatMap((other) => [...other.knownIds]))
    const alone = [...site.knownIds].filter((id) => !elsewhere.has(id))
    if (alone.length > 0 && !this.#random.chance(LOSS_SHARE)) return false
    for (const id of alone) witness.excused.add(id)
    return true
  }

  #breakService(how: 'service-down' | 'service-silent'): void {
    const { regions, tally, web } = this.#plane
    tally.note(how)
    const { services } = this.#random.pick(regions)
    const broken = this.#random.chance(0.5) ? services : [this.#random.pick(services)]
    if (how === 'service-down')
      for (const service of broken) service.answer = () => answerOf(500, '')
    const origins = new Set(how === 'service-down' ? [] : broken.map(({ origin }) => origin))
    const end = web.addRule(({ origin }) =>
      origins.has(origin) ? { kind: 'silent', isDone: false } : null,
    )
    const mend = (): void => {
      end()
      this.#services.delete(mend)
      for (const service of broken) service.sayWell()
    }
    this.#services.add(mend)
    this.#later([10_000, 90_000], mend)
  }
}
