import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { TextField } from './fields.tsx'
import { isHeld } from './is-held.ts'
import { ProblemBox } from './problem-box.tsx'
import { useModal } from './use-modal.ts'

export interface DialogProps {
  readonly title: ComponentChildren
  /** What the button says that does it: a verb. */
  readonly act: string
  readonly children?: ComponentChildren
  /** Of what cannot be taken back. */
  readonly danger?: boolean
  /** A name that must be typed before it can be done. */
  readonly typed?: string
  /** What keeps it from being done now. */
  readonly disabled?: boolean
  /** Does it; the dialog closes once that is done, and shows the problem when it fails. */
  readonly onAct: () => Promise<unknown>
  readonly onClose: () => void
}

/** Asks before something is done, and shows what became of it. Escape and a click beside it close it. */
export function Dialog({ title, act, children, danger, typed, disabled, onAct, onClose }: DialogProps) {
  const id = useId()
  const { dialog, close, onClosed } = useModal(onClose)
  const { running, error, run } = useAct(onAct, close)
  const [name, setName] = useState('')
  const held = isHeld({ running, disabled, typed, name })
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it too
    <dialog
      class="dialog"
      ref={dialog}
      aria-labelledby={id}
      onClose={onClosed}
      onClick={event => event.target === dialog.current && !running && close()}
    >
      <form
        class="stack"
        onSubmit={event => {
          event.preventDefault()
          if (!held) void run()
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        {typed !== undefined && (
          <TextField label={`Type ${typed} to go on`} value={name} onValue={setName} disabled={running} />
        )}
        <ProblemBox error={error} />
        <div class="row end">
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" kind={danger ? 'danger' : 'primary'} disabled={held} keepsFocus>
            {running ? 'One moment…' : act}
          </Button>
        </div>
      </form>
    </dialog>
  )
}

function useAct(onAct: () => Promise<unknown>, onDone: () => void) {
  const [running, setRunning] = useState(false)
  const [error, setError] = useState<unknown>()
  const run = async () => {
    setRunning(true)
    setError(undefined)
    try {
      await onAct()
      onDone()
    } catch (failure) {
      setError(failure)
      setRunning(false)
    }
  }
  return { running, error, run }
}
