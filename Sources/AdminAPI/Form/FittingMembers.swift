package import Text

/// The members of an object that fit their form, and what is wrong with the others, by name.
package struct FittingMembers<Element: Sendable & Hashable>: Sendable, Hashable {
    package var fitting: [ExactText: Element]
    package var faults: [ExactText: String]

    package init(fitting: [ExactText: Element], faults: [ExactText: String] = [:]) {
        self.fitting = fitting
        self.faults = faults
    }

    init(_ outcomes: [ExactText: Result<Element, BodyError>]) {
        self.init(fitting: [:])
        for (name, outcome) in outcomes {
            switch outcome {
            case .success(let element): fitting[name] = element
            case .failure(let error): faults[name] = "\(error)"
            }
        }
    }
}
