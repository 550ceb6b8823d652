import type { TextSource } from '@hypershard/evaluation/browser'
import { useId, useRef, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { TextArea } from '../../parts/fields.tsx'
import { Shown } from '../../parts/shown.tsx'
import { chosenFile, pastedText } from './text-source.ts'

export interface GivenTextProps {
  /** What it is: `Queries`. */
  readonly label: string
  /** The forms that it may have. */
  readonly hint: string
  readonly placeholder: string
  /** What was read last, in words; undefined where nothing was. */
  readonly told: string | undefined
  /** Reads what was given. @throws what is wrong with it */
  readonly onGiven: (source: TextSource) => Promise<void>
}

/** A text that comes from a file that is chosen or dropped, or is pasted. It stays in the tab. */
export function GivenText({ label, hint, placeholder, told, onGiven }: GivenTextProps) {
  const id = useId()
  const [problem, setProblem] = useState<string>()
  const [reading, setReading] = useState(false)
  const round = useRef(0)
  const read = async (source: TextSource) => {
    const mine = ++round.current
    setReading(true)
    setProblem(undefined)
    const failed = await onGiven(source).then(
      () => undefined,
      error => (error instanceof Error ? error.message : String(error)),
    )
    if (mine !== round.current) return
    setReading(false)
    setProblem(failed)
  }
  const choose = (files: FileList | null | undefined) => {
    const file = files?.[0]
    if (file !== undefined) void read(chosenFile(file))
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way to what the button does
    <div
      class="given"
      onDragOver={event => event.preventDefault()}
      onDrop={event => {
        event.preventDefault()
        choose(event.dataTransfer?.files)
      }}
    >
      <div class="field">
        <label class="field-label" for={id}>
          {label}
        </label>
        <input
          id={id}
          class="given-file"
          type="file"
          aria-describedby={`${id}-hint ${id}-told`}
          aria-invalid={problem !== undefined}
          onChange={event => {
            choose(event.currentTarget.files)
            // The same file can be chosen again, once it was mended.
            event.currentTarget.value = ''
          }}
        />
        <span class="field-hint" id={`${id}-hint`}>
          {hint}
        </span>
        <span id={`${id}-told`} role="status" class={problem === undefined ? 'given-told' : 'given-told field-error'}>
          {problem !== undefined ? (
            <Shown text={problem} max={1_000} />
          ) : reading ? (
            'Reading…'
          ) : (
            (told ?? 'Nothing yet.')
          )}
        </span>
      </div>
      <Pasted label={label} placeholder={placeholder} onText={text => void read(pastedText(text, 'the pasted text'))} />
    </div>
  )
}

function Pasted({
  label,
  placeholder,
  onText,
}: Pick<GivenTextProps, 'label' | 'placeholder'> & { readonly onText: (text: string) => void }) {
  const [text, setText] = useState('')
  return (
    <details>
      <summary>Paste instead</summary>
      <div class="stack given-pasted">
        <TextArea label={`${label}, pasted`} value={text} onValue={setText} rows={5} placeholder={placeholder} code />
        <div class="row">
          <Button onClick={() => onText(text)} disabled={text.trim() === ''}>
            Use this
          </Button>
        </div>
      </div>
    </details>
  )
}
