import { useState } from 'preact/hooks'
import { Button } from '../parts/button.tsx'
import { CheckField, TextField } from '../parts/fields.tsx'

export interface KeyGateProps {
  /** Whether the key that was entered is not valid. */
  readonly refused: boolean
  readonly onEnter: (key: string, options: { readonly keep: boolean }) => void
}

/** Where the coordinator asks for keys, nothing is shown before one is entered. */
export function KeyGate({ refused, onEnter }: KeyGateProps) {
  const [key, setKey] = useState('')
  const [keep, setKeep] = useState(false)
  const error = refused ? 'This key is not valid here: it is not known, was revoked, or has expired.' : undefined
  return (
    <main class="gate">
      <form
        class="panel"
        onSubmit={event => {
          event.preventDefault()
          if (key.trim() !== '') onEnter(key.trim(), { keep })
        }}
      >
        <h1>hypershard</h1>
        <p class="soft">This coordinator asks for an API key. Pages show what the key allows.</p>
        <TextField
          label="API key"
          value={key}
          onValue={setKey}
          secret
          placeholder="hs_…"
          error={error}
          hint="It goes to this coordinator alone, is never part of a link, and is forgotten when the tab is closed."
        />
        <CheckField label="Keep it when this tab is reloaded" value={keep} onValue={setKeep} />
        <div class="row">
          <Button type="submit" kind="primary">
            Open the console
          </Button>
        </div>
      </form>
    </main>
  )
}
