// Which synthetic citizen plays next.
#pragma once

#include <vector>

#include "host/cli/stage.hpp"

namespace qc::cli {

struct Candidate {
  std::size_t position = 0;  ///< in the order of playing
  Json identity;             ///< {"id_no","name","card_valid_to"}
};

/// Sample citizens who have not played yet, best first: those that the population documents as in
/// good standing (0 and 1), then the mixed ones, last the special cases (2 to 7).
/// Errors: "file.*", "story.no_citizen_left".
Result<std::vector<Candidate>> story_people(const Stage& stage);

/// Remembers in the city folder that everyone up to this position has had a turn. Error: "file.io".
Status mark_played(const Stage& stage, std::size_t position);

}  // namespace qc::cli
