import { printExact } from '../api/parse-exact.ts'
import { Shown } from './shown.tsx'

/** What a document has beside its texts; nothing of one without fields. */
export function DocumentFields({ fields }: { readonly fields: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(fields)
  if (entries.length === 0) return null
  return (
    <section class="stack" aria-label="Fields">
      <h3>Fields</h3>
      <dl class="facts">
        {entries.map(([field, value]) => (
          <FieldFact key={field} field={field} value={value} />
        ))}
      </dl>
    </section>
  )
}

function FieldFact({ field, value }: { readonly field: string; readonly value: unknown }) {
  return (
    <>
      <dt>
        <Shown text={field} />
      </dt>
      <dd>
        <Shown text={typeof value === 'string' ? value : printExact(value)} max={4_000} />
      </dd>
    </>
  )
}
