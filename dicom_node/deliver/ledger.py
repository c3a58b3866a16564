"""What one delivery has come to so far, kept between its attempts."""

from dataclasses import replace

from dicom_node.deliver import commitment
from dicom_node.spool.commitments import Asked, Commitments
from dicom_node.spool.layout import Layout
from dicom_node.spool.sent import Sent, read_sent, write_sent


class Ledger:
    """The file of one delivery, and its requests for storage commitment."""

    def __init__(self, layout: Layout, key: str, destination: str) -> None:
        self._layout, self._key, self._destination = layout, key, destination
        self.commitments = Commitments(layout)
        self.sent = read_sent(layout, key, destination)

    def keep(self, sent: Sent) -> None:
        """Make it durable, unless nothing changed. Raises SpoolUnwritable, StorageFull."""
        if sent != self.sent:
            write_sent(self._layout, self._key, self._destination, sent)
            self.sent = sent

    def open_transaction(self) -> str:
        """Make a request for commitment to all that is stored durable, before it goes out; its UID."""
        sent = commitment.new_transaction(self.sent)
        uid = sent.transactions[-1]
        self.commitments.ask(Asked(uid, self._key, self._destination, sent.uncommitted))
        self.keep(sent)
        return uid

    def drop_transaction(self, uid: str) -> None:
        """The destination refused the request: no answer will come."""
        self.keep(replace(self.sent, transactions=tuple(each for each in self.sent.transactions if each != uid)))
        self.commitments.settle(uid)

    def take_answers(self) -> dict[str, str]:
        """Note the answers that came; the objects that failed, with their reasons, are to be sent again."""
        before = self.sent.transactions
        sent, failed = commitment.take_answers(self.sent, self.commitments)
        self.keep(sent)
        for uid in before:
            if uid not in sent.transactions or not sent.uncommitted:
                self.commitments.settle(uid)
        return failed
