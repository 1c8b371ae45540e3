import Glibc

/// Finds the group of a line by the bytes of its connection's columns: a hash table with open addressing
/// that is asked with bytes in place, so that no line needs a key of its own.
struct GroupTable {
    private var slots: [Int32]
    private(set) var keys: [[UInt8]] = []
    private(set) var hashes: [UInt64] = []

    init(minimumCapacity: Int) {
        var size = 64
        while size < minimumCapacity * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
    }

    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
        func mix(_ word: UInt64) {
            hash = (hash ^ word) &* 0xFF51_AFD7_ED55_8CCD
            hash ^= hash >> 32
        }
        var offset = 0
        while offset + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        mix(rest)
        return hash
    }

    /// The index of the group with the key.
    func find(_ key: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if hashes[index] == hash, Self.isEqual(keys[index], key) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds a group and returns its index; the key must be new.
    mutating func insert(_ key: [UInt8], hash: UInt64) -> Int {
        if (keys.count + 1) * 2 > slots.count {
            slots = Array(repeating: -1, count: slots.count * 2)
            for index in keys.indices { place(index) }
        }
        keys.append(key)
        hashes.append(hash)
        place(keys.count - 1)
        return keys.count - 1
    }

    private mutating func place(_ index: Int) {
        var slot = Int(truncatingIfNeeded: hashes[index]) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index)
    }

    private static func isEqual(_ key: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard key.count == bytes.count, let base = bytes.baseAddress else { return false }
        return key.withUnsafeBytes { memcmp($0.baseAddress!, base, bytes.count) == 0 }
    }
}
