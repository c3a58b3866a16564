"""The upper layer's state machine (PS3.8 9.2), where a peer does what its table, or a parser, has no row for.

pynetdicom raises there, which ends the thread of the connection and leaves its association to wait.
"""

import structlog
from pynetdicom.fsm import InvalidEventError, StateMachine

log = structlog.get_logger(__name__)

CLOSED = "Sta1"
"""No connection (PS3.8 Table 9-1)."""


class GuardedMachine(StateMachine):
    """Takes no notice of events after the connection was closed; ends an association that breaks the protocol.

    This is the border of the connection's thread: whatever a peer's bytes make of it ends this association alone.
    """

    def do_action(self, event: str) -> None:
        """As the base class, which knows the table."""
        try:
            super().do_action(event)
        except InvalidEventError:
            if self.current_state == CLOSED:
                return
            log.warning("protocol_violated", code=event, status=self.current_state)
            self._end()
        except Exception as error:
            log.error("association_failed", code=event, status=self.current_state, error=type(error).__name__)
            self._end()

    def _end(self) -> None:
        """As pynetdicom ends an association after a fault, without the thread's death."""
        if self.dul.socket is not None:
            self.dul.socket.close()
        self.dul.assoc.is_aborted, self.dul.assoc.is_established = True, False
        self.dul.assoc._kill = self.dul._kill_thread = True
