import { parser } from '@prometheus-io/lezer-promql'

type Syntax = ReturnType<typeof parser.parse>['topNode']

/** The series that there are: labels by name. Series of a histogram stand with their endings, `_bucket`, `_sum`, `_count`. */
export type KnownSeries = ReadonlyMap<string, readonly string[]>

/** What a query wants of a label: `state="down"`, `outcome=~"a|b"`. */
export interface Wanted {
  readonly series: string
  readonly label: string
  /** Of a regular expression that is nothing but words with `|` between, these words; none of any other. */
  readonly values: readonly string[]
}

export interface QueryFacts {
  /** What is wrong with the query, in words. */
  readonly problems: readonly string[]
  /** Series that it reads. */
  readonly reads: readonly string[]
  /** Labels that its result has. */
  readonly labels: readonly string[]
  readonly wanted: readonly Wanted[]
}

/** Prometheus puts these on all that it scrapes. */
const targetLabels = ['job', 'instance']
/** A dashboard's query as Grafana would send it: with a window that has some scrapes in it. */
export function fillIn(query: string, window = '1m'): string {
  return query.replaceAll('$__rate_interval', window)
}

/**
 * Reads a query of PromQL: whether it can be parsed, names series that exist, and selects and groups by labels that
 * these have. What no series has would quietly give an empty panel, or an alert that never fires.
 * @example factsOf('sum by (plan) (rate(hypershard_x_total[5m]))', known).labels // ['plan']
 */
export function factsOf(query: string, known: KnownSeries): QueryFacts {
  const reader = new QueryReader(query, known)
  const tree = parser.parse(query)
  const labels = reader.labelsOf(tree.topNode)
  return { problems: reader.problems, reads: [...reader.reads], labels: [...labels], wanted: reader.wanted }
}

class QueryReader {
  readonly problems: string[] = []
  readonly reads = new Set<string>()
  readonly wanted: Wanted[] = []
  readonly #query: string
  readonly #known: KnownSeries

  constructor(query: string, known: KnownSeries) {
    this.#query = query
    this.#known = known
  }

  labelsOf(node: Syntax): Set<string> {
    if (node.type.isError) this.problems.push(`cannot be parsed at character ${node.from}: ${this.#query}`)
    switch (node.name) {
      case 'VectorSelector':
        return this.#selector(node)
      case 'AggregateExpr':
        return this.#aggregate(node)
      case 'BinaryExpr':
        return this.#binary(node)
      case 'FunctionCall':
        return this.#call(node)
      default:
        return union(childrenOf(node).map(child => this.labelsOf(child)))
    }
  }

  #selector(node: Syntax): Set<string> {
    const name = this.#textOf(node.getChild('Identifier'))
    const labels = this.#known.get(name)
    if (labels === undefined) {
      this.problems.push(`nothing is called ${name}`)
      return new Set()
    }
    this.reads.add(name)
    const has = new Set([...labels, ...targetLabels])
    for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []) {
      const label = this.#textOf(matcher.getChild('LabelName'))
      if (!has.has(label)) this.problems.push(`${name} has no label ${label}`)
      const value = this.#textOf(matcher.getChild('StringLiteral')).slice(1, -1)
      this.wanted.push({ series: name, label, values: /^[\w|-]+$/.test(value) ? value.split('|') : [] })
    }
    return has
  }

  #aggregate(node: Syntax): Set<string> {
    const body = this.labelsOf(node.getChild('FunctionCallBody')!)
    const modifier = node.getChild('AggregateModifier')
    const named = this.#grouping(modifier, body)
    if (modifier === null) return /^(topk|bottomk)$/.test(this.#textOf(node.firstChild)) ? body : new Set()
    return modifier.getChild('By') === null ? without(body, named) : new Set(named)
  }

  #binary(node: Syntax): Set<string> {
    const sides = childrenOf(node).filter(({ name }) => !/^(MatchingModifierClause|BoolModifier)$/.test(name))
    const [left, right] = [this.labelsOf(sides[0]!), this.labelsOf(sides.at(-1)!)]
    const modifier = node.getChild('MatchingModifierClause')
    const both = modifier?.getChild('On') ? new Set([...left].filter(label => right.has(label))) : union([left, right])
    const named = this.#grouping(modifier, both)
    if (node.getChild('Or') !== null) return union([left, right])
    if (node.getChild('And') !== null || node.getChild('Unless') !== null) return left
    if (left.size === 0 && right.size > 0 && modifier === null) return right
    const many = modifier?.getChild('GroupLeft') ?? null
    return modifier?.getChild('On') && many === null ? new Set(named) : left
  }

  #call(node: Syntax): Set<string> {
    const labels = union(childrenOf(node).map(child => this.labelsOf(child)))
    const name = this.#textOf(node.getChild('FunctionIdentifier'))
    if (name === 'histogram_quantile') {
      if (!labels.has('le')) this.problems.push('histogram_quantile needs buckets, with the label le')
      labels.delete('le')
    }
    return labels
  }

  /** The labels that `by`, `without`, `on` or `ignoring` names, each of which must be there. */
  #grouping(modifier: Syntax | null, labels: ReadonlySet<string>): string[] {
    const named = (modifier?.getChildren('GroupingLabels') ?? []).flatMap(group => this.#labelsIn(group))
    for (const label of named) if (!labels.has(label)) this.problems.push(`nothing has the label ${label} there`)
    return named
  }

  #labelsIn(node: Syntax | null): string[] {
    const found: string[] = []
    node?.cursor().iterate(({ name, from, to }) => {
      if (name === 'LabelName') found.push(this.#query.slice(from, to))
    })
    return found
  }

  #textOf(node: Syntax | null): string {
    return node === null ? '' : this.#query.slice(node.from, node.to)
  }
}

function childrenOf(node: Syntax): Syntax[] {
  const children: Syntax[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child)
  return children
}

function union(sets: readonly ReadonlySet<string>[]): Set<string> {
  return new Set(sets.flatMap(set => [...set]))
}

function without(labels: ReadonlySet<string>, named: readonly string[]): Set<string> {
  return new Set([...labels].filter(label => !named.includes(label)))
}
