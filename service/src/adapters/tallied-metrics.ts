import type { Counter, Histogram, LabelValues, MetricDeclaration } from '@hypershard/common'
import { type Metric, Counter as PromCounter, type Registry } from 'prom-client'
import { Tally } from './tally.ts'

type Described = Pick<MetricDeclaration, 'name' | 'help'>

/** A counter that prom-client learns of when it is asked. */
export function talliedCounter<Label extends string>(
  { name, help, labels }: Described & { readonly labels: readonly Label[] },
  registry: Registry,
): Counter<Label> {
  const tally = new Tally(labels, () => ({ value: 0 }))
  new PromCounter<Label>({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, kept } of tally.entries()) this.inc(labels, kept.value)
    },
  })
  return {
    add: (labels, by = 1) => {
      tally.at(labels).value += by
    },
  }
}

/** How many values came into each bucket, how many there were, and their sum. */
interface Distribution {
  /** One more than bounds: the last is of what is larger than all of them. */
  readonly counts: number[]
  sum: number
}

/** A histogram that is written down when it is asked for. */
export function talliedHistogram<Label extends string>(
  {
    name,
    help,
    labels,
    buckets,
  }: Described & { readonly labels: readonly Label[]; readonly buckets: readonly number[] },
  registry: Registry,
): Histogram<Label> {
  const empty = (): Distribution => ({ counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 })
  const tally = new Tally(labels, empty)
  const get = async () => ({
    name,
    help,
    type: 'histogram',
    values: [...tally.entries()].flatMap(({ labels, kept }) => linesOf({ name, buckets }, labels, kept)),
  })
  // prom-client has no histogram whose counts may be given, and asks nothing else of what is registered.
  registry.registerMetric({ name, get } as unknown as Metric)
  return {
    observe: (labels, value) => {
      const kept = tally.at(labels)
      const at = buckets.findIndex(bound => value <= bound)
      kept.counts[at < 0 ? buckets.length : at]! += 1
      kept.sum += value
    },
  }
}

/** As Prometheus has a histogram: each bucket counts what is in the smaller ones too. */
function linesOf<Label extends string>(
  { name, buckets }: { readonly name: string; readonly buckets: readonly number[] },
  labels: LabelValues<Label>,
  { counts, sum }: Distribution,
) {
  let count = 0
  const lines = counts.map((ofBucket, at) => {
    count += ofBucket
    return { metricName: `${name}_bucket`, labels: { ...labels, le: buckets[at] ?? '+Inf' }, value: count }
  })
  return [
    ...lines,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
