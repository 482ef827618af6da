"""What waits for a stream: orders and pongs ahead, and as few messages as possible."""

from gradual_common.protocol.messages import Finish, MasterMessage, Orders, Pong, Refused
from gradual_master.serving.send_queue import SendQueue, fold

PONG = MasterMessage(pong=Pong(1, 2))
ORDERS = MasterMessage(orders=Orders(1, 1, (), (), 0, 0))


def test_an_empty_queue_has_nothing() -> None:
    box = SendQueue()
    assert not box
    assert box.take() is None


def test_what_is_put_ahead_and_what_waits_go_out_as_one_message() -> None:
    box = SendQueue()
    box.put(MasterMessage(ack=3))
    box.put(MasterMessage(ack=5))
    box.put(PONG, ahead=True)
    box.put(ORDERS, ahead=True)
    assert box.take() == MasterMessage(pong=PONG.pong, orders=ORDERS.orders, ack=5)
    assert not box


def test_two_of_a_kind_go_out_in_order_in_two_messages() -> None:
    box = SendQueue()
    for now in (2, 3):
        box.put(MasterMessage(pong=Pong(1, now)), ahead=True)
    box.put(MasterMessage(ack=7))
    assert box.take() == MasterMessage(pong=Pong(1, 2))
    assert box.take() == MasterMessage(pong=Pong(1, 3), ack=7)


def test_a_pong_overtakes_what_waits() -> None:
    box = SendQueue()
    box.put(MasterMessage(refused=Refused("a")))
    box.put(MasterMessage(refused=Refused("b")))
    box.put(PONG, ahead=True)
    assert box.take() == MasterMessage(pong=PONG.pong, refused=Refused("a"))


def test_folding_keeps_both_sides_or_says_that_it_cannot() -> None:
    assert fold(PONG, PONG) is None
    assert fold(MasterMessage(ack=4), MasterMessage(ack=2, finish=Finish("x"))) == MasterMessage(
        ack=4, finish=Finish("x")
    )


def test_later_orders_stand_for_earlier_ones() -> None:
    later = MasterMessage(orders=Orders(1, 2, (), (), 0, 0))
    assert fold(ORDERS, later) == later


def test_later_rounds_of_places_stand_for_earlier_ones_and_none_are_no_news() -> None:
    first, second = MasterMessage(rounds=(1, 0)), MasterMessage(rounds=(1, 1), ack=3)
    assert fold(first, second) == second
    assert fold(second, MasterMessage(ack=4)) == MasterMessage(rounds=(1, 1), ack=4)
