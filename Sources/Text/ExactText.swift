/// Text whose identity is its UTF-8 bytes.
///
/// Swift's `String` compares by canonical equivalence: "é" as one code point equals "e" and an accent, and the Kelvin
/// sign equals "K". Programs that get our names, secrets and files treat these as different texts. So text from
/// outside that is compared, or is a key, is an `ExactText`. As a property wrapper, it makes a stored `String` count
/// by its bytes in a synthesized `==` and `hash`.
@propertyWrapper
public struct ExactText: Sendable {
    /// The text as a `String`, which compares by canonical equivalence.
    public var wrappedValue: String

    @inlinable public init(wrappedValue: String) { self.wrappedValue = wrappedValue }

    @inlinable public init(_ text: some StringProtocol) { wrappedValue = String(text) }
}

extension ExactText: Hashable, Comparable {
    public static func == (a: Self, b: Self) -> Bool { a.wrappedValue.isExactly(b.wrappedValue) }

    public func hash(into hasher: inout Hasher) {
        let isHashed: Void? = wrappedValue.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { for byte in wrappedValue.utf8 { hasher.combine(byte) } }
        // A terminator, so that different lists of texts never give the same bytes.
        hasher.combine(0xFF as UInt8)
    }

    /// Orders by bytes, which is also the order of code points.
    public static func < (a: Self, b: Self) -> Bool {
        a.wrappedValue.utf8.lexicographicallyPrecedes(b.wrappedValue.utf8)
    }
}

extension ExactText: CustomStringConvertible, ExpressibleByStringLiteral {
    public var description: String { wrappedValue }

    public init(stringLiteral value: String) { self.init(wrappedValue: value) }
}
