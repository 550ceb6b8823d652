import assert from 'node:assert/strict'
import type { Counter, Histogram, Meter, MetricDeclaration, Readings } from '@hypershard/common'
import { collectDefaultMetrics, Gauge, Counter as PromCounter, Registry } from 'prom-client'
import { talliedCounter, talliedHistogram } from './tallied-metrics.ts'

/** A scrape waits no longer for what is kept elsewhere: metrics are needed most when something hangs. */
const readMsMax = 1_000

/**
 * How often the main thread's delay is looked at. Every 10 ms, as prom-client does by itself, takes 0.4 % of a core of a
 * process that does nothing else, every 50 ms 0.08 %.
 */
const loopLookMs = 50

/** Keeps a process's metrics, and writes them down as Prometheus reads them. */
export class PrometheusMeter implements Meter {
  readonly #registry = new Registry()
  readonly #onUnread: (metric: string, error: unknown) => void
  readonly #isCounting: () => boolean

  /**
   * @param onUnread told of each metric that could not be read for a scrape
   * @param isCounting asked each time: what comes while it is false is not counted
   */
  constructor({
    onUnread = () => undefined,
    isCounting = () => true,
  }: { onUnread?: (metric: string, error: unknown) => void; isCounting?: () => boolean } = {}) {
    this.#onUnread = onUnread
    this.#isCounting = isCounting
    // Processor time, memory, open files, event-loop delay and garbage collection, under prom-client's own names.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: loopLookMs })
  }

  get counting(): boolean {
    return this.#isCounting()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  counter<Label extends string>(declaration: MetricDeclaration<Label>): Counter<Label> {
    const counter = talliedCounter(declaration, this.#registry)
    return {
      add: (labels, by) => {
        if (this.#isCounting()) counter.add(labels, by)
      },
    }
  }

  histogram<Label extends string>(declaration: MetricDeclaration<Label>): Histogram<Label> {
    const { buckets } = declaration
    assert(buckets !== undefined, `${declaration.name}: a histogram declares its buckets`)
    const histogram = talliedHistogram({ ...declaration, buckets }, this.#registry)
    return {
      observe: (labels, value) => {
        if (this.#isCounting()) histogram.observe(labels, value)
      },
    }
  }

  read<Label extends string>(declaration: MetricDeclaration<Label>, read: () => Readings<Label>): void {
    const Metric = declaration.kind === 'counter' ? PromCounter : Gauge
    const collect = async (metric: PromCounter | Gauge) => {
      const readings = [...(await this.#inTime(declaration.name, read))]
      metric.reset()
      // Without labels a reset metric is 0, which is another thing than not to be known.
      if (readings.length === 0 && declaration.labels.length === 0) metric.remove({})
      for (const { labels, value } of readings) metric.inc(labels, value)
    }
    new Metric({
      ...this.#describe(declaration),
      collect() {
        return collect(this)
      },
    })
  }

  /** All metrics in Prometheus' text format. */
  render(): Promise<string> {
    return this.#registry.metrics()
  }

  /** Nothing of what fails or takes too long. */
  async #inTime<Label extends string>(metric: string, read: () => Readings<Label>) {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not read within ${readMsMax} ms`)), readMsMax)
    })
    try {
      return await Promise.race([(async () => read())(), late])
    } catch (error) {
      this.#onUnread(metric, error)
      return []
    } finally {
      clearTimeout(timer)
    }
  }

  #describe({ name, help, labels }: MetricDeclaration) {
    return { name, help, labelNames: [...labels], registers: [this.#registry] }
  }
}
