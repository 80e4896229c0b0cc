"""Writers of one process take turns in the order in which they asked."""

from threading import Thread
from time import monotonic, sleep

from coding_service.store.turn import Turn


def test_threads_get_the_turn_in_order():
    turn, order = Turn(), []

    def take(number):
        assert turn.acquire(timeout=10)
        order.append(number)
        turn.release()

    assert turn.acquire(timeout=0)
    threads = [Thread(target=take, args=(number,)) for number in range(5)]
    for waiting, thread in enumerate(threads, start=1):
        thread.start()
        deadline = monotonic() + 10
        while len(turn._waiting) < waiting and monotonic() < deadline:
            sleep(0.001)
    turn.release()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_who_gives_up_waiting_is_forgotten():
    turn = Turn()
    assert turn.acquire(timeout=0)
    assert not turn.acquire(timeout=0.01)
    turn.release()
    assert turn.acquire(timeout=0)
