import type { IndexDescription } from '@hypershard/contract'
import { Notice } from '../../parts/notice.tsx'
import { toldCount, toldShare } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'

/** What an index is, and how much is in it. */
export function IndexFacts({ index }: { readonly index: IndexDescription }) {
  const { model, passages, lexical, fields } = index
  const facts: readonly (readonly [string, string])[] = [
    ['Documents', toldCount(index.documents)],
    [
      'Generation',
      `${index.generation}, version ${toldCount(index.manifest_version)}, writes up to ${toldCount(index.sequence)}`,
    ],
    ['Segments', toldCount(index.segments)],
    ['Shards', `${index.shards}, each on ${index.replicas} ${index.replicas === 1 ? 'server' : 'servers'}`],
    [
      'Long texts',
      passages === undefined ? 'not cut' : `cut into passages that overlap by ${toldShare(passages.overlap)}`,
    ],
    ['Words', lexical === undefined ? 'not kept' : `kept, by the analyzer ${lexical.analyzer}`],
    [
      'Tokens that the model does not know',
      index.unknown_token_share === null ? 'not counted' : toldShare(index.unknown_token_share),
    ],
    ['Created', new Date(index.created_at).toLocaleString('en-GB')],
  ]
  return (
    <div class="stack">
      <Troubles index={index} />
      <dl class="facts">
        <dt>Model</dt>
        <dd>
          <Shown text={model.name} /> <span class="soft mono">{model.digest.slice(0, 12)}</span>
        </dd>
        {facts.map(([fact, told]) => (
          <Fact key={fact} fact={fact} told={told} />
        ))}
      </dl>
      <h3>Fields that searches can filter by</h3>
      {Object.keys(fields).length === 0 ? (
        <p class="soft">None. Other keys of documents are kept and given back with them.</p>
      ) : (
        <ul class="row">
          {Object.entries(fields).map(([field, { type, list }]) => (
            <li key={field} class="tag">
              <strong>
                <Shown text={field} />
              </strong>{' '}
              {list ? `list of ${type}` : type}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function Fact({ fact, told }: { readonly fact: string; readonly told: string }) {
  return (
    <>
      <dt>{fact}</dt>
      <dd>{told}</dd>
    </>
  )
}

/** Documents that are not found as their owner may think. */
function Troubles({ index }: { readonly index: IndexDescription }) {
  const { documents_aside: aside, documents_truncated: truncated, documents_unreadable: unreadable } = index
  return (
    <>
      {aside > 0 && (
        <Notice tone="warn">
          {toldCount(aside)} could not be encoded and are not searched: see <em>Set aside</em>.
        </Notice>
      )}
      {truncated > 0 && (
        <Notice>
          {toldCount(truncated)} are longer than the model reads: their vectors are of their beginning. Segments tells
          where they are.
        </Notice>
      )}
      {unreadable > 0 && (
        <Notice tone="warn">
          {toldCount(unreadable)} say next to nothing to the model: half of their tokens or more are not in its
          vocabulary.
        </Notice>
      )}
    </>
  )
}
