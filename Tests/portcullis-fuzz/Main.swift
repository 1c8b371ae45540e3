import ArgumentParser

/// Feeds generated mutations of valid input to the project's parsers and to ADMIN. `make fuzz` runs it.
@main
struct Fuzz: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-fuzz",
        abstract: "Mutates valid input and reads it: a parser that crashes, hangs or contradicts itself fails.",
        subcommands: [
            FuzzCSV.self, FuzzJSON.self, FuzzYAML.self, FuzzKeepalived.self, YAMLPairs.self, FuzzChecks.self,
            FuzzManifest.self,
            FuzzHTTP.self,
        ])
}

/// What every subcommand takes.
struct FuzzOptions: ParsableArguments {
    @Option(help: "How many inputs.")
    var count = 1_000_000

    @Option(help: "The seed of the first input; a failure is repeated with the same one.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("How long one input may take before it counts as a hang.", valueName: "seconds"))
    var timeout = 10

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("--timeout: \(timeout) is not positive") }
    }

    /// Runs `body` with `count` mutations of the seeds and says how many it took for valid.
    ///
    /// - Parameter next: Makes an input; without it, a mutation of one of the corpus.
    func run(
        _ name: String, corpus: [[UInt8]], dictionary: [String],
        next: (inout Mutator) -> [UInt8] = { $0.next() }, body: ([UInt8]) throws -> Bool
    ) {
        var mutator = Mutator(seed: seed, corpus: corpus, dictionary: dictionary)
        let watchdog = Watchdog(name: name, seed: seed, limit: .seconds(timeout))
        var valid = 0
        for index in 0..<count {
            let input = next(&mutator)
            watchdog.begin(index, input)
            do {
                if try body(input) { valid += 1 }
            } catch {
                watchdog.fail(index, input, "\(error)")
            }
            if (index + 1) % 100_000 == 0 { print("\(name): \(index + 1) inputs, \(valid) valid") }
        }
        watchdog.end()
        print("\(name): \(count) inputs from seed \(seed), \(valid) valid, no failure")
    }
}
