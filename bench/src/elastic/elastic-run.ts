import { join } from 'node:path'
import type { Bar } from '../load/bars.ts'
import { LoadClient } from '../load/client/load-client.ts'
import type { Figure, Skipped } from '../load/load-run.ts'
import { shortly } from '../load/load-run.ts'
import type { WindowFigures } from '../load/measure/window-figures.ts'
import { Scene, type SceneParts, type SceneSettings } from './scene.ts'
import type { ElasticSettings, ScenarioName } from './settings.ts'
import type { SteadyLoadResult } from './steady-load.ts'

/** What became of the searches of one window of one scenario. */
export interface ElasticRow extends WindowFigures {
  readonly scenario: ScenarioName
  /** Which of the scenario's loads, where it has several. */
  readonly load: string
}

interface RunParts extends Omit<SceneParts, 'client'> {
  /** The stores and logs are kept in it. */
  readonly directory: string
}

/** What the scenarios share, and what was measured so far. */
export class ElasticRun {
  readonly rows: ElasticRow[] = []
  readonly bars: Bar[] = []
  readonly figures: Figure[] = []
  readonly skipped: Skipped[] = []
  readonly wrongAnswers: string[] = []
  readonly client = new LoadClient()
  readonly #parts: RunParts

  constructor(parts: RunParts) {
    this.#parts = parts
  }

  get settings(): ElasticSettings {
    return this.#parts.settings
  }

  /** A fleet with the index and its true rankings; it is ended when the work is. */
  async inScene(settings: SceneSettings, work: (scene: Scene) => Promise<void>): Promise<void> {
    // Of one number of replicas there is one store: scenarios find the index of those before.
    const directory = join(this.#parts.directory, `r${settings.replicas}`)
    const scene = await Scene.open({ ...this.#parts, client: this.client }, { ...settings, directory })
    try {
      await work(scene)
    } finally {
      await scene.close()
    }
  }

  record(scenario: ScenarioName, load: string, result: SteadyLoadResult): readonly WindowFigures[] {
    const { windows, sentElsewhere, wrongAnswers } = result
    this.rows.push(...windows.map(figures => ({ scenario, load, ...figures })))
    for (const { window, seconds, p50Ms, p99Ms, failed, errors } of windows) {
      const wrong = failed > 0 ? `, failed: ${JSON.stringify(errors)}` : ''
      this.say(
        `${scenario}, ${load}, ${window}: ${shortly(seconds)} s, p50 ${shortly(p50Ms)}, p99 ${shortly(p99Ms)} ms${wrong}`,
      )
    }
    if (sentElsewhere > 0) this.figure(`${scenario}, ${load}: requests sent to another coordinator`, sentElsewhere)
    this.wrongAnswers.push(...wrongAnswers)
    return windows
  }

  figure(name: string, value: number): void {
    this.figures.push({ name, value })
    this.say(`${name}: ${shortly(value)}`)
  }

  bar(bar: Bar): void {
    this.bars.push(bar)
    this.say(`${bar.name}: ${shortly(bar.value)}, bar ${bar.bar}, ${bar.met ? 'met' : 'MISSED'}`)
  }

  skip(what: string, why: string): void {
    this.skipped.push({ what, why })
    this.say(`left out: ${what}, ${why}`)
  }

  say(line: string): void {
    this.#parts.say(line)
  }
}
