"""How each task works, in plain words, with its paper; beside it a page shows what a run had inside."""

from __future__ import annotations

from typing import NamedTuple


class How(NamedTuple):
    """What is told of one task."""

    text: str
    """Markdown."""
    shown: str
    """What the picture of a run's inside shows."""


HOW = {
    "style-v1": How(
        "A network that was trained to name things answers to edges in its first layers and to objects in its last. "
        "The **content** of your photo is what a late layer answers, and where. The **style** of a painting is which "
        "answers come *together*, anywhere: the Gram matrix of a layer, one number for every pair of its channels. "
        "The pixels are changed step by step (L-BFGS) until both fit. Below: the strongest channels of each layer's "
        "Gram matrix. The result's matrices begin as the photo's and end as the painting's; the per cent say how far "
        "each still is. [Gatys, Ecker & Bethge 2016](https://arxiv.org/abs/1508.06576)",
        "Gram matrices of your photo, the painting and the result, layer by layer",
    ),
    "style-v2": How(
        "The descent of V1 takes hundreds of steps for each picture. Here a **network was trained** on thousands of "
        "photos to do all of them at once: its loss was V1's energy. It makes the picture four times smaller, works on "
        "it in twelve layers, and makes it large again. A style is not a network of its own, but the scales and shifts "
        "of the normalisations. Below: how strongly each place of your photo is answered on its way. With *any "
        "painting*, the features of your photo get the mean and the spread of the painting's, and a decoder makes a "
        "picture of them. [Johnson, Alahi & Fei-Fei 2016](https://arxiv.org/abs/1603.08155), "
        "[Dumoulin et al. 2017](https://arxiv.org/abs/1610.07629), "
        "[Huang & Belongie 2017](https://arxiv.org/abs/1703.06868)",
        "your photo on its way through the network",
    ),
    "teach-style": How(
        "The network's convolutions stay as they are; only the scales and shifts of its normalisations are "
        "learnt, with "
        "V1's losses on cuts of your photos. A thousand numbers are enough for a new style, because the convolutions "
        "have learnt what styles have in common. [Dumoulin et al. 2017](https://arxiv.org/abs/1610.07629)",
        "what the network has learnt",
    ),
    "style-v3": How(
        "A Gram matrix knows which answers come together, but not where. Here the features are cut into **patches** of "
        "3 x 3, and each patch of the result is pulled to the most alike patch of the painting (normalised "
        "correlation). Because a patch is taken as a whole, an eye stays an eye. *Where from* shows the place of every "
        "patch; below you see the same for all layers. [Li & Wand 2016](https://arxiv.org/abs/1601.04589)",
        "the places of the painting that the patches of the result came from",
    ),
    "style-comparison": How(
        "All methods see the same pair. V1 matches statistics of the whole picture, V2 does it in one pass, V3 matches "
        "patches. Look at things that have parts: faces, windows, waves. "
        "[Li & Wand 2016](https://arxiv.org/abs/1601.04589)",
        "all results with their time and memory",
    ),
    "reconstruction": How(
        "Noise is changed until the network's answers in one layer are those to your picture. What comes back is what "
        "that layer knows: early layers know every pixel, late ones only what is where, Gram matrices only the "
        "texture. "
        "[Gatys, Ecker & Bethge 2016, figure 1](https://arxiv.org/abs/1508.06576), "
        "[Mahendran & Vedaldi 2015](https://arxiv.org/abs/1412.0035)",
        "the reconstructions",
    ),
    "super-resolution": How(
        "Interpolation makes a picture larger and adds nothing. A **residual network** only learns what has to "
        "be added "
        "to it: the difference. Trained on the squared error it plays safe and stays smooth; trained against a critic "
        "that tells real pictures from enlarged ones (a **GAN**) it dares to invent texture. Below: the middle of your "
        "picture interpolated, what was added, and the sum. [Ledig et al. 2017](https://arxiv.org/abs/1609.04802), "
        "[Kim, Lee & Lee 2016](https://arxiv.org/abs/1511.04587)",
        "the middle of your picture: interpolated, what was added, and the result",
    ),
    "super-resolution-comparison": How(
        "With the original at hand, quality can be measured: **PSNR** counts squared errors, **SSIM** compares "
        "structure, **LPIPS** compares what a network sees. A GAN has a lower PSNR on purpose: invented detail "
        "is never "
        "at the right place to the pixel. [Ledig et al. 2017](https://arxiv.org/abs/1609.04802), "
        "[Zhang et al. 2018](https://arxiv.org/abs/1801.03924)",
        "all methods with time, memory and quality",
    ),
    "inpainting": How(
        "A **content network** has seen millions of scenes and fills the hole with what is likely there, at 512 "
        "pixels. "
        "In a larger hole that is too coarse. So the **texture** is refined: the pixels of the hole are changed until "
        "their feature patches are like their nearest patches of the known picture, while a content loss holds the "
        "filling. Below: every stage of your run. [Yang et al. 2017](https://arxiv.org/abs/1611.09969), "
        "[Sargsyan et al. 2023](https://openaccess.thecvf.com/content/ICCV2023/papers/Sargsyan_MI-GAN_A_Simple_"
        "Baseline_for_Image_Inpainting_on_Mobile_Devices_ICCV_2023_paper.pdf)",
        "the stages: mask, filling, refined",
    ),
    "inpainting-comparison": How(
        "**Telea** and **Navier-Stokes** carry colours inwards from the border, the **biharmonic** equation "
        "bends a thin "
        "plate through it: good for scratches, smears for holes. The network knows what a window is; refinement gives "
        "it the texture of your picture. [Telea 2004](https://doi.org/10.1080/10867651.2004.10487596), "
        "[Bertalmio et al. 2001](https://doi.org/10.1109/CVPR.2001.990497)",
        "all methods with time, memory and quality",
    ),
    "face-swap": How(
        "Your photo's face and the identity's are found, measured by 468 points, **aligned**, and taken apart (skin, "
        "brows, eyes, lips, hair). The identity's picture that looks most like your photo in pose, expression "
        "and light "
        "is **warped** onto your landmarks. Then V3's descent makes the face anew: content from your photo, patches "
        "from the identity's pictures, an eye only from eyes. It is blended in bands of detail, coarse ones "
        "widely, fine "
        "ones narrowly. Below: every stage of your run. "
        "[Korshunova et al. 2017](https://arxiv.org/abs/1611.09577)",
        "the stages: landmarks, parts, identity, aligned, swapped",
    ),
    "face-swap-comparison": How(
        "An **editor** warps one picture and clones its gradients. The **classical** chain takes the best picture, "
        "corrects its light and blends by bands. **Patches** make the face anew. "
        "[Korshunova et al. 2017](https://arxiv.org/abs/1611.09577), "
        "[Perez et al. 2003](https://doi.org/10.1145/882262.882269)",
        "all methods with time and memory",
    ),
}
"""Task -> what is told of it."""
