"""Fairness of the waiting list."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.engine.queue import FairQueue, Item


def items(user, count, cost=1.0, job=None, key="k"):
    return [Item(hash((user, job, number)), job or hash(user), user, cost, key) for number in range(count)]


def taken(queue):
    return [queue.take() for _ in range(len(queue))]


def test_a_second_user_waits_for_one_variant_only():
    queue = FairQueue()
    queue.add(items("a", 12))
    queue.add(items("b", 2))
    assert [item.user for item in taken(queue)][:5] == ["a", "b", "a", "b", "a"]


def test_a_user_who_comes_late_waits_for_one_variant_only():
    queue = FairQueue()
    queue.add(items("a", 12))
    for _ in range(5):
        queue.take()
    queue.add(items("b", 1))
    assert "b" in [item.user for item in taken(queue)[:2]]


def test_a_users_own_batches_keep_their_order():
    queue = FairQueue()
    queue.add(items("a", 3, job=1))
    queue.add(items("a", 3, job=2))
    assert [item.job for item in taken(queue)] == [1, 1, 1, 2, 2, 2]


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0.01, 50)), min_size=2, max_size=6))
def test_while_all_wait_no_user_gets_much_more_time_than_another(users):
    queue = FairQueue()
    for number, (count, cost) in enumerate(users):
        queue.add(items(str(number), count, cost))
    left, got = Counter({str(n): count for n, (count, _) in enumerate(users)}), Counter()
    dearest = max(cost for _, cost in users)
    while all(left.values()):
        item = queue.take()
        left[item.user] -= 1
        got[item.user] += item.cost
        assert max(got.values()) - min(got[user] for user in left) <= 2 * dearest + 1e-6


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.01, 9)), max_size=30))
def test_everything_is_taken_once_and_in_the_foretold_order(entries):
    queue = FairQueue()
    queue.add(Item(number, number % 5, user, cost, number) for number, (user, cost) in enumerate(entries))
    foretold = queue.order()
    order = taken(queue)
    assert order == foretold
    assert sorted(item.variant for item in order) == list(range(len(entries)))


def test_those_made_together_are_alike_and_their_users_pay():
    queue = FairQueue()
    queue.add(items("a", 3, key="x"))
    queue.add(items("b", 3, key="x") + items("b", 1, job=9, key="y"))
    first = queue.take()
    more = queue.take_like(first, 3)
    assert [first.user, *(item.user for item in more)].count("a") == 3
    assert {item.key for item in more} == {"x"}
    assert len(queue) == 3
    queue.add(items("c", 1))
    assert queue.take().user == "c"  # b has had a variant more than its turn


def test_a_discarded_job_is_gone_and_the_others_stay():
    queue = FairQueue()
    queue.add(items("a", 3, job=1) + items("a", 2, job=2))
    queue.add(items("b", 2, job=3))
    assert len(queue.discard(1)) == 3
    assert [item.job for item in taken(queue)] in ([2, 3, 2, 3], [3, 2, 3, 2])
    assert queue.take() is None
