import cProfile, pstats
import numpy as np
from coding_service.services.ranking import rank_queue
from coding_service.services.active_choice import Mix
from coding_service.suggestions import Scores
from tests.services.test_ranking import long_queue, LengthBundle, EVERYTHING  # noqa
class R(LengthBundle):
    thresholds, support = np.full(36, 0.5), np.ones(36)
    def suggest(self, texts):
        rng = np.random.default_rng(len(self.read)); self.read.append(1)
        return Scores(rng.random((len(texts), 36)), (), ())
def test_x(long_queue):
    p=cProfile.Profile(); p.enable()
    rank_queue(long_queue.engine, EVERYTHING, R(), Mix({"random": 0.2, "rare": 0.2, "uncertain": 0.4, "diverse": 0.2}, 2000, "key"))
    p.disable(); pstats.Stats(p).sort_stats("cumtime").print_stats(45)
