import type { Counter, Histogram, LabelValues, Meter, MetricDeclaration, Reading } from '@hypershard/common'
import { collectDefaultMetrics, Gauge, Counter as PromCounter, Histogram as PromHistogram, Registry } from 'prom-client'

/** Keeps a process's metrics, and writes them down as Prometheus reads them. */
export class PrometheusMeter implements Meter {
  readonly #registry = new Registry()

  constructor() {
    // Processor time, memory, open files, event-loop delay and garbage collection, under prom-client's own names.
    collectDefaultMetrics({ register: this.#registry })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  counter<Label extends string>(declaration: MetricDeclaration<Label>): Counter<Label> {
    const counter = new PromCounter({ ...this.#describe(declaration) })
    return { add: (labels: LabelValues<Label>, by = 1) => counter.inc({ ...labels }, by) }
  }

  histogram<Label extends string>(declaration: MetricDeclaration<Label>): Histogram<Label> {
    const { buckets } = declaration
    const histogram = new PromHistogram({
      ...this.#describe(declaration),
      ...(buckets === undefined ? {} : { buckets: [...buckets] }),
    })
    return { observe: (labels: LabelValues<Label>, value: number) => histogram.observe({ ...labels }, value) }
  }

  read<Label extends string>(declaration: MetricDeclaration<Label>, read: () => Iterable<Reading<Label>>): void {
    const described = this.#describe(declaration)
    if (declaration.kind === 'counter') {
      new PromCounter({
        ...described,
        collect() {
          this.reset()
          for (const { labels, value } of read()) this.inc({ ...labels }, value)
        },
      })
      return
    }
    new Gauge({
      ...described,
      collect() {
        this.reset()
        for (const { labels, value } of read()) this.set({ ...labels }, value)
      },
    })
  }

  /** All metrics in Prometheus' text format. */
  render(): Promise<string> {
    return this.#registry.metrics()
  }

  #describe({ name, help, labels }: MetricDeclaration) {
    return { name, help, labelNames: [...labels], registers: [this.#registry] }
  }
}
