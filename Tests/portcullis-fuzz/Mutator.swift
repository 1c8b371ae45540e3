/// Makes inputs by mutating a corpus; the same seed makes the same inputs.
struct Mutator {
    /// Also for what else a caller chooses, so that the seed decides all of it.
    var random: SplitMix64
    private let corpus: [[UInt8]]
    private let dictionary: [[UInt8]]

    init(seed: UInt64, corpus: [[UInt8]], dictionary: [String]) {
        random = SplitMix64(state: seed)
        self.corpus = corpus
        self.dictionary = dictionary.map { Array($0.utf8) }
    }

    /// A mutation of one of the corpus.
    mutating func next() -> [UInt8] {
        mutated(corpus.randomElement(using: &random) ?? [])
    }

    /// A mutation of `input`.
    mutating func mutated(_ input: [UInt8]) -> [UInt8] {
        var input = input
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&input) }
        return input
    }

    private mutating func mutate(_ input: inout [UInt8]) {
        let place = Int.random(in: 0...input.count, using: &random)
        let end = min(input.count, place + Int.random(in: 0...12, using: &random))
        switch Int.random(in: 0..<8, using: &random) {
        case 0 where place < input.count:
            input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where place < input.count:
            input[place] = UInt8.random(in: .min ... .max, using: &random)
        case 2:
            input.removeSubrange(place..<end)
        case 3:
            input.insert(contentsOf: Array(input[place..<end]), at: place)
        case 4:
            input.insert(contentsOf: dictionary.randomElement(using: &random) ?? [], at: place)
        case 5:
            input.replaceSubrange(place..<end, with: dictionary.randomElement(using: &random) ?? [])
        case 6:
            moveLine(&input, from: place)
        default:
            input.insert(UInt8.random(in: 0x20..<0x7F, using: &random), at: place)
        }
    }

    /// Takes the line at a place out, and puts it, or a copy, somewhere else.
    private mutating func moveLine(_ input: inout [UInt8], from place: Int) {
        let start = input[..<place].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let end = input[place...].firstIndex(of: 0x0A).map { $0 + 1 } ?? input.count
        let line = Array(input[start..<end])
        if Bool.random(using: &random) { input.removeSubrange(start..<end) }
        let target = Int.random(in: 0...input.count, using: &random)
        let lineStart = input[..<target].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        input.insert(contentsOf: line, at: lineStart)
    }
}

/// A small generator with a seed (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
