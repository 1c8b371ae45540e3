import Cloud
package import Names
package import Text

/// Which version of which type: `pgw 1.5.0/debug`.
package struct VersionName: Sendable, Hashable {
    @ExactText package var type: String
    @ExactText package var name: String
    @ExactText package var variant: String

    package init(type: String, name: String, variant: String = BuildSection.mainVariant) {
        self.type = type
        self.name = name
        self.variant = variant
    }

    /// The longest name in bytes.
    package static let longest = VersionReference.longestName

    /// What is wrong with the name of a version, to follow it in a message; `nil` if nothing is.
    package static func problem(withName name: String) -> String? { VersionReference.problem(withName: name) }

    /// What is wrong with the name of a variant, to follow it in a message; `nil` if nothing is.
    package static func problem(withVariant variant: String) -> String? {
        VariantName.problem(with: variant).map { "is no name of a variant: it \($0)" }
    }

    /// What is wrong with the name of a type, to follow it in a message; `nil` if nothing is.
    package static func problem(withType type: String) -> String? {
        ObjectName.problem(with: type, as: .type).map { "is no name of a type: it \($0)" }
    }
}

extension VersionReference {
    /// The reference by which a service is to have a version that was found by it: a variant beside the main one by its
    /// name, so that the variant is known, and the main one without its variant.
    package func resolved(as version: VersionName) -> Self {
        let found = VersionReference.named(version.name, variant: version.variant)
        if case .manifest = self, found.isMainVariant { return self }
        return found.plain
    }
}

extension VersionName: CustomStringConvertible, Comparable {
    /// `pgw 1.5.0`, and the variant unless it is the main one.
    package var description: String { "\(type) \(reference)" }

    /// Which version of its type: `1.5.0`, `1.5.0/debug`.
    package var reference: String { name + (variant.isExactly(BuildSection.mainVariant) ? "" : "/\(variant)") }

    /// By type, name and variant; numbers within names count as numbers: 1.9.0 is before 1.10.0.
    package static func < (a: Self, b: Self) -> Bool {
        if !a.type.isExactly(b.type) { return ExactText(a.type) < ExactText(b.type) }
        if !a.name.isExactly(b.name) { return precedes(a.name, b.name) }
        return ExactText(a.variant) < ExactText(b.variant)
    }

    private static func precedes(_ a: String, _ b: String) -> Bool {
        var (a, b) = (Array(a.utf8)[...], Array(b.utf8)[...])
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        while let first = a.first, let other = b.first {
            if isDigit(first), isDigit(other) {
                let (number, otherNumber) = (a.prefix(while: isDigit), b.prefix(while: isDigit))
                let (digits, otherDigits) = (number.drop { $0 == 0x30 }, otherNumber.drop { $0 == 0x30 })
                if digits.count != otherDigits.count { return digits.count < otherDigits.count }
                if !digits.elementsEqual(otherDigits) { return digits.lexicographicallyPrecedes(otherDigits) }
                if number.count != otherNumber.count { return number.count < otherNumber.count }
                a = a.dropFirst(number.count)
                b = b.dropFirst(otherNumber.count)
            } else if first != other {
                return first < other
            } else {
                a = a.dropFirst()
                b = b.dropFirst()
            }
        }
        return a.isEmpty && !b.isEmpty
    }
}
