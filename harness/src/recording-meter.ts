import type { Counter, Histogram, LabelValues, Meter, MetricDeclaration, Reading, Readings } from '@hypershard/common'

type Labels = Readonly<Record<string, string>>

/** Keeps what is counted, so that a test can compare it with what was done. */
export class RecordingMeter implements Meter {
  /** A test may change it: what is counted all the same is kept. */
  counting = true
  /** Every declaration that was opened. */
  readonly opened: MetricDeclaration[] = []
  readonly #values = new Map<string, Reading<string>[]>()
  readonly #reads = new Map<string, () => Readings<string>>()

  counter<Label extends string>(declaration: MetricDeclaration<Label>): Counter<Label> {
    const values = this.#open(declaration)
    return {
      add: (labels: LabelValues<Label>, by = 1) =>
        void values.push({ labels: checked(declaration, labels), value: by }),
    }
  }

  histogram<Label extends string>(declaration: MetricDeclaration<Label>): Histogram<Label> {
    const values = this.#open(declaration)
    return {
      observe: (labels: LabelValues<Label>, value: number) =>
        void values.push({ labels: checked(declaration, labels), value }),
    }
  }

  read<Label extends string>(declaration: MetricDeclaration<Label>, read: () => Readings<Label>): void {
    this.#open(declaration)
    this.#reads.set(declaration.name, read as () => Readings<string>)
  }

  /** What a counter came to, or a gauge is now: of all series that have these labels. */
  async valueOf({ name }: MetricDeclaration, labels: Labels = {}): Promise<number> {
    return sum(await this.#of(name, labels))
  }

  /** How many values a histogram got. */
  async countOf({ name }: MetricDeclaration, labels: Labels = {}): Promise<number> {
    return (await this.#of(name, labels)).length
  }

  /** What a metric came to by one of its labels. */
  async by({ name }: MetricDeclaration, label: string): Promise<Record<string, number>> {
    const groups = Map.groupBy(await this.#of(name, {}), ({ labels }) => labels[label]!)
    return Object.fromEntries([...groups].map(([value, readings]) => [value, sum(readings)]).sort())
  }

  async #of(name: string, labels: Labels): Promise<Reading<string>[]> {
    const read = this.#reads.get(name)
    const values = read === undefined ? (this.#values.get(name) ?? []) : [...(await read())]
    return values.filter(reading => Object.entries(labels).every(([key, value]) => reading.labels[key] === value))
  }

  #open(declaration: MetricDeclaration): Reading<string>[] {
    const { name } = declaration
    if (this.#values.has(name)) throw new Error(`${name} is opened twice`)
    const values: Reading<string>[] = []
    this.opened.push(declaration)
    this.#values.set(name, values)
    return values
  }
}

/** As strict as prom-client is about the names, and about those that are left out too. */
function checked({ name, labels }: MetricDeclaration, given: Labels): Labels {
  const same = labels.length === Object.keys(given).length && labels.every(label => typeof given[label] === 'string')
  if (!same) throw new Error(`${name} has the labels ${labels.join(', ')}, not ${Object.keys(given).join(', ')}`)
  return given
}

function sum(readings: readonly Reading<string>[]): number {
  return readings.reduce((total, { value }) => total + value, 0)
}
