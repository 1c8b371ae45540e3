import Testing
import YAML

@testable import CombinedConfiguration
