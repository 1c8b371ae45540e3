import Glibc

extension String {
    /// Whether both texts have the same bytes. Cost: constant if they share their storage.
    public func isExactly(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { others in
                guard let start = bytes.baseAddress, let otherStart = others.baseAddress else { return true }
                return start == otherStart || memcmp(start, otherStart, bytes.count) == 0
            }
        }
        return isSame.flatMap(\.self) ?? utf8.elementsEqual(other.utf8)
    }
}

/// Functions that process text from outside by its bytes. Functions of the standard library with similar names
/// process Characters: a CRLF is one, and so is a `}` followed by an accent.
///
/// All of these are inlinable. Otherwise each byte would cost other modules several calls through a table.
extension StringProtocol {
    /// Whether both texts have the same bytes.
    @inlinable public func isExactly(_ other: some StringProtocol) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Whether the bytes start with those of `prefix`.
    @inlinable public func hasBytePrefix(_ prefix: some StringProtocol) -> Bool { utf8.starts(with: prefix.utf8) }

    /// Whether the bytes end with those of `suffix`.
    @inlinable public func hasByteSuffix(_ suffix: some StringProtocol) -> Bool {
        utf8.count >= suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// Whether an ASCII character occurs, whatever follows it.
    @inlinable public func hasByte(_ character: Unicode.Scalar) -> Bool {
        utf8.contains(UInt8(ascii: character))
    }

    /// The index of the first occurrence of an ASCII character; `nil` if there is none.
    @inlinable public func firstByte(_ character: Unicode.Scalar) -> Index? {
        utf8.firstIndex(of: UInt8(ascii: character))
    }

    /// The index of the last occurrence of an ASCII character; `nil` if there is none.
    @inlinable public func lastByte(_ character: Unicode.Scalar) -> Index? {
        unicodeScalars.lastIndex(of: character)
    }

    /// The parts between the occurrences of an ASCII character.
    @inlinable public func splitBytes(
        _ separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmpty: Bool = false
    ) -> [SubSequence] {
        utf8.split(separator: UInt8(ascii: separator), maxSplits: maxSplits, omittingEmptySubsequences: omittingEmpty)
            .map { self[$0.startIndex..<$0.endIndex] }
    }

    /// The range of the first occurrence of an ASCII word; `nil` if there is none. Linear for a word whose first
    /// character occurs in it only once.
    @inlinable public func firstBytes(_ word: StaticString) -> Range<Index>? {
        word.withUTF8Buffer { word in
            guard let first = word.first else { return nil }
            var rest = utf8[...]
            while let place = rest.firstIndex(of: first) {
                rest = rest[place...]
                if rest.starts(with: word) { return place..<rest.index(place, offsetBy: word.count) }
                rest = rest.dropFirst()
            }
            return nil
        }
    }

    /// The text without spaces, tabs and line ends at the beginning and the end.
    @inlinable public var withoutSurroundingSpace: SubSequence {
        let isSpace = { (scalar: Unicode.Scalar) in scalar == " " || ("\t"..."\r").contains(scalar) }
        guard let first = unicodeScalars.firstIndex(where: { !isSpace($0) }),
            let last = unicodeScalars.lastIndex(where: { !isSpace($0) })
        else { return self[startIndex..<startIndex] }
        return self[first..<unicodeScalars.index(after: last)]
    }

    /// The text with each occurrence of an ASCII character replaced.
    @inlinable public func replacingByte(_ character: Unicode.Scalar, with replacement: some StringProtocol) -> String {
        guard hasByte(character) else { return String(self) }
        return splitBytes(character).joined(separator: String(replacement))
    }
}
