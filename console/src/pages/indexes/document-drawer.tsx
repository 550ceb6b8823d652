import type { StoredDocument } from '@hypershard/contract'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { DocumentFields } from '../../parts/document-fields.tsx'
import { Drawer } from '../../parts/drawer.tsx'
import { toldBytes, toldCount } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'
import { Neighbours } from './neighbours.tsx'
import { VectorStrip } from './vector-strip.tsx'

export interface DocumentDrawerProps {
  readonly index: string
  readonly id: string
  readonly onClose: () => void
}

/** A document as its newest write left it, its vector, and what is near to that. */
export function DocumentDrawer({ index, id, onClose }: DocumentDrawerProps) {
  const { client } = useSession()
  const { value: document, error } = useLoaded(
    signal => client.getDocument(index, id, { vector: true, signal }),
    [client, index, id],
  )
  const title = document?.title
  return (
    <Drawer title={<Shown text={title || id} max={300} />} label={`Document ${id}`} onClose={onClose}>
      <ProblemBox error={error} what="The document" />
      {document === undefined && error === undefined && <p class="empty">Asking the coordinator…</p>}
      {document !== undefined && (
        <>
          <DocumentFacts document={document} />
          <DocumentFields fields={document.fields} />
          <DocumentText text={document.text} />
          <Neighbours index={index} id={id} />
        </>
      )}
    </Drawer>
  )
}

function DocumentFacts({
  document: { id, version, tokens, unknown_tokens: unknown, vector },
}: {
  readonly document: StoredDocument
}) {
  return (
    <dl class="facts">
      <dt>Document</dt>
      <dd class="mono">
        <Shown text={id} />
      </dd>
      <dt>Version</dt>
      <dd>{toldCount(version)}</dd>
      <dt>Tokens that the model read</dt>
      <dd>
        {tokens === null ? 'not known: it is not indexed yet, or they were not counted' : toldCount(tokens)}
        {unknown !== null && unknown > 0 && `, of which ${toldCount(unknown)} say nothing to it`}
      </dd>
      <dt>Vector</dt>
      <dd>
        {vector == null ? 'none yet, or one for each of several passages' : <VectorStrip values={vector.values} />}
      </dd>
    </dl>
  )
}

/** A text of a megabyte takes a browser a while: it begins with so much of it. */
const textCharactersMax = 20_000

function DocumentText({ text }: Pick<StoredDocument, 'text'>) {
  const [whole, setWhole] = useState(false)
  if (text === '') return null
  const cut = !whole && text.length > textCharactersMax
  return (
    <section class="stack" aria-label="Text">
      <h3>Text</h3>
      <p class="document-text" dir="auto">
        {cut ? <Shown text={text} max={textCharactersMax} /> : <Shown text={text} />}
      </p>
      {cut && (
        <div class="row">
          <Button onClick={() => setWhole(true)}>Show all of it ({toldBytes(text.length)})</Button>
        </div>
      )}
    </section>
  )
}
