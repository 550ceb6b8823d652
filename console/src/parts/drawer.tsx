import type { ComponentChildren } from 'preact'
import { Button } from './button.tsx'
import { useModal } from './use-modal.ts'

export interface DrawerProps {
  readonly title: ComponentChildren
  readonly label: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** A panel over the page, for one thing of a list. The browser keeps the focus in it, and Escape closes it. */
export function Drawer({ title, label, onClose, children }: DrawerProps) {
  const { dialog, close, onClosed } = useModal(onClose)
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it too
    <dialog
      class="drawer"
      ref={dialog}
      aria-label={label}
      onClose={onClosed}
      onClick={event => event.target === dialog.current && close()}
    >
      <div class="drawer-head">
        <h2>{title}</h2>
        <Button onClick={close} label="Close">
          ✕
        </Button>
      </div>
      <div class="drawer-body">{children}</div>
    </dialog>
  )
}
