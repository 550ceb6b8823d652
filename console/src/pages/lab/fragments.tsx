import type { Hit } from '@hypershard/contract'
import { Shown } from '../../parts/shown.tsx'
import { type Fragment, markedParts } from './marked-parts.ts'

type Highlight = NonNullable<Hit['highlight']>

/** The best sentences of a hit, one behind the other, for a row of a list. */
export function FragmentLine({ fragments }: { readonly fragments: readonly Fragment[] }) {
  return (
    <>
      {fragments.map((fragment, at) => (
        <span key={fragment.begin}>
          {at > 0 && ' … '}
          <Marked fragment={fragment} />
        </span>
      ))}
    </>
  )
}

/** The best sentences of a hit, one below the other. */
export function FragmentList({ highlight: { fragments, partial } }: { readonly highlight: Highlight }) {
  return (
    <section class="stack" aria-label="Sentences with words of the query">
      <h3>
        Sentences with words of the query <span class="soft">· the best first</span>
      </h3>
      {fragments.length === 0 && <p class="soft">None: its text has no word of the query.</p>}
      <ul class="stack tight">
        {fragments.map(fragment => (
          <li key={fragment.begin} class="note" dir="auto">
            <Marked fragment={fragment} />
          </li>
        ))}
      </ul>
      {partial && <p class="soft small">Its text is longer than what is read of it for this.</p>}
    </section>
  )
}

function Marked({ fragment }: { readonly fragment: Fragment }) {
  return (
    <>
      {markedParts(fragment).map(({ text, marked }, at) =>
        marked ? (
          <mark key={at}>
            <Shown text={text} />
          </mark>
        ) : (
          <Shown key={at} text={text} />
        ),
      )}
    </>
  )
}
