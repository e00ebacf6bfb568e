"""What the commands do, with one folder for each job. A folder imports only folders further down, never one above it:

cli            the command line
evaluation     the paper's experiments, on repairs, samples and pairs
training       models, breakers, fitted edits
inspection     verdicts, progress, pairs and promises of what is there already
run            a run from its configuration to stored shards; its executors
corpus         correct snippets: reading a corpus, building one
dataset        a published version: manifest, card, statistics
repair         repairs of a user's code
benchmarks     formats of benchmarks, overlap of data with them
display        text, tables and plots for people
files          storage here or in an object store
presets        configurations of runs
"""
