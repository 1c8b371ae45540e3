"""What the measurements are made of says what happened."""

from measure import Gap, Report, gaps


def test_a_gap_goes_from_the_first_failure_to_the_next_good_request():
    requests = [(0.0, 0.1, ""), (1.0, 1.95, "no answer"), (2.0, 2.95, "no answer"), (2.5, 2.6, ""), (3.0, 3.1, "")]
    assert gaps(requests) == [Gap(1.0, 2.5)]


def test_two_gaps_are_summed():
    requests = [(0.0, 1.0, "no answer"), (1.0, 1.1, ""), (2.0, 2.1, "ECONNREFUSED"), (2.5, 2.6, "")]
    assert Report(requests, [], [], 3.0).interruption == 1.5


def test_a_gap_that_nothing_ends_lasts_to_the_end():
    assert gaps([(0.0, 0.1, ""), (1.0, 1.95, "no answer"), (2.0, 2.95, "no answer")]) == [Gap(1.0, 2.95)]


def test_only_connections_that_had_moved_data_before_count():
    went_on = {"answers": [1.0, 2.0, 29.0], "error": ""}
    ended = {"answers": [1.0, 2.0], "error": "ECONNRESET"}
    silent = {"answers": [1.0, 2.0], "error": ""}
    late = {"answers": [20.0], "error": ""}
    report = Report([(0.0, 0.1, "")], [went_on, ended, silent, late], [], 30.0)
    assert report.carried_over(moment=10.0) == 1 / 3
