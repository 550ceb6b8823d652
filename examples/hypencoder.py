"""A model of the published Hypencoder code, served by hypershard: its encoders stay in PyTorch, its q-nets are run here.

    pip install git+https://github.com/jfkback/hypencoder-paper transformers
    python examples/hypencoder.py http://127.0.0.1:7700
"""

import sys

import torch
from qnet_of_torch import qnet_of_hypencoder, search, serve

checkpoint = "jfkback/hypencoder.6_layer"
passages = {
    "tides": "The moon and the sun pull at the sea, which rises and falls twice a day.",
    "bread": "Yeast eats sugar and gives off gas, which makes dough rise.",
    "stars": "Air bends the light of stars, so that they twinkle.",
}
queries = ["why does bread rise", "what makes the sea rise"]


def main(url: str) -> None:
    from hypencoder_cb.modeling.hypencoder import HypencoderDualEncoder
    from transformers import AutoTokenizer

    model = HypencoderDualEncoder.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)

    def encode(encoder, text):
        inputs = tokenizer(text, return_tensors="pt", padding=True, truncation=True)
        with torch.no_grad():
            return encoder(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).representation

    vectors = torch.cat([encode(model.passage_encoder, text) for text in passages.values()])
    nets = {query: encode(model.query_encoder, query) for query in queries}
    serve(url, "hypencoder", qnet_of_hypencoder(nets[queries[0]]).shape, list(passages), vectors.numpy())
    for query, net in nets.items():
        expected = dict(zip(passages, net(vectors.unsqueeze(0)).flatten().tolist()))
        hits = search(url, "hypencoder", qnet_of_hypencoder(net), len(passages))
        furthest = max(abs(score - expected[id]) for id, score in hits)
        print(f"{query}: {hits[0][0]}; scores are within {furthest:.1e} of PyTorch's")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7700")
