"""The table of tabs, in their order on the page. A new task's tab is added here."""

from __future__ import annotations

from demos.tabs.camera import place_camera
from demos.tabs.records import Card, CustomView, TabSpec, ViewSpec
from demos.tabs.specials.advice_button import AdviceButton
from demos.tabs.specials.close_tab import CloseTab
from demos.tabs.specials.face_numbers import FaceNumbers
from demos.tabs.specials.going_on import GoingOn
from demos.tabs.specials.layer_presets import LayerPresets
from demos.tabs.specials.mask_painting import HolePainting, RegionPainting
from demos.tabs.specials.match_tab import MatchTab
from demos.tabs.specials.painting_gallery import PaintingGallery
from demos.tabs.specials.part_outline import DrawnPart, PartOutline
from demos.tabs.specials.strip_button import StripButton
from demos.tabs.specials.style_gallery import StyleGallery
from engine.contracts.messages import Message
from engine.contracts.settings import on_zero_gpu
from engine.contracts.task_parts import Example

PAIR = Message("Choose a photo and a painting, or one of the examples.")
SIDE_BY_SIDE = Message("Side by side")
VIDEO = Message("Choose a video.")

STYLE_V1 = TabSpec(
    id="style-v1",
    title=Message("Style V1"),
    card=Card(
        Message("Painted slowly, live"),
        Message("A photo becomes a painting, step by step, while you watch."),
        Message("a palace, and the same palace painted in swirls"),
    ),
    views=(
        ViewSpec(
            id="transfer",
            title=Message("Transfer"),
            tasks=["style-v1"],
            intro=Message(
                "Your photo becomes a painting by **descent on its pixels**: they are changed, step by step, until the "
                "network sees the photo's *content* and, in how its features vary together, the painting's *style*. "
                "<span class='quiet'>Gatys, Ecker & Bethge 2016; Li et al. 2017.</span>"
            ),
            hint=PAIR,
            beside=["compare", "losses"],
            folded=True,
            special=[PaintingGallery, LayerPresets],
        ),
        ViewSpec(
            id="reconstruction",
            title=Message("Reconstruction"),
            tasks=["reconstruction"],
            intro=Message(
                "**What does a layer know?** Noise is changed until one layer of the network cannot tell it from your "
                "picture. Early layers bring back every pixel, late ones only what is where; Gram matrices forget "
                "where anything is and keep the texture. The strip is the paper's figure: content above, style below, "
                "layer by layer."
            ),
            beside=["compare", "losses"],
            special=[StripButton],
        ),
    ),
)
STYLE_V2 = TabSpec(
    id="style-v2",
    title=Message("Style V2"),
    card=Card(
        Message("Painted at once"),
        Message("The same in one pass of a network: photos, videos, a camera."),
        Message("a temple, and the same temple in the colours of a woodcut"),
    ),
    intro=Message(
        "**One pass of a network** that was trained on V1's losses, instead of a descent for every picture: quick "
        "enough for large photos, video and a camera. Styles of our own live in one network, 26 of Magenta's in "
        "another; each is only a set of scales and shifts. *Any painting* works without training: a second network "
        "looks at it. <span class='quiet'>Johnson et al. 2016; Dumoulin et al. 2017; Ghiasi et al. 2017; Huang & "
        "Belongie 2017.</span>"
    ),
    views=(
        ViewSpec(
            id="photo",
            title=Message("Photo"),
            tasks=["style-v2"],
            hint=Message("Choose a photo, or one of the examples."),
            special=[StyleGallery, PaintingGallery, RegionPainting],
        ),
        ViewSpec(
            id="video",
            title=Message("Video"),
            tasks=["style-v2-video"],
            intro=Message(
                "**Every frame in one pass**, sound kept. *Steadiness* holds on to what was painted where the video "
                "stands still, and lets the networks' statistics change slowly, so strokes flicker less. A stop gives "
                "the part that is done."
            ),
            hint=VIDEO,
            beside=[],
        ),
        CustomView(
            id="camera",
            title=Message("Camera"),
            place=place_camera,
            shown=lambda: not on_zero_gpu(),  # a GPU that is lent for each frame would be of no use
        ),
        ViewSpec(
            id="teach",
            title=Message("Teach a style"),
            tasks=["teach-style"],
            intro=Message(
                "**Teach the network a painting** while its convolutions stay: only the scales and shifts of the new "
                "style are learnt, about a thousand numbers, in minutes instead of hours. The result is the style's "
                "*card*: a picture that keeps them. Save it as PNG, and give it as *Any painting* whenever you want "
                "the style again; nothing stays here."
            ),
            hint=Message("Choose a painting and a photo."),
            beside=["compare", "losses"],
        ),
    ),
)
STYLE_V3 = TabSpec(
    id="style-v3",
    title=Message("Style V3"),
    card=Card(
        Message("Painted portraits"),
        Message("Nearest patches instead of statistics: parts stay whole."),
        Message("a portrait, and the same as an old painting"),
        Example({"content": "astronaut_head.jpg", "style": "moltedo_head.jpg"}),
    ),
    views=(
        ViewSpec(
            id="transfer-v3",
            title=Message("Transfer"),
            tasks=["style-v3"],
            intro=Message(
                "A Gram matrix forgets where things are. Here **every patch of features is pulled to its nearest patch "
                "of the painting**, so an eye is made of painted eyes and a line stays a line: parts stay whole. It is "
                "at its best when photo and painting show alike things. <span class='quiet'>Li & Wand 2016.</span>"
            ),
            hint=PAIR,
            beside=["compare", "losses"],
            folded=True,
            special=[PaintingGallery, MatchTab],
        ),
        ViewSpec(
            id="comparison",
            title=Message("Styles side by side"),
            tasks=["style-comparison"],
            intro=Message(
                "**The same pair, three ways.** V1 matches Gram matrices, statistics of the whole picture: parts of "
                "the painting appear anywhere. V2 does that in one pass of a network. V3 matches patches: what is "
                "together in the painting stays together."
            ),
            hint=PAIR,
            beside=[],
            folded=True,
            compares=True,
        ),
    ),
)
SUPER_RESOLUTION = TabSpec(
    id="super-resolution",
    title=Message("Super-resolution"),
    card=Card(
        Message("Four times larger"),
        Message("Faithful, sharp, for real photos or for drawings."),
        Message("a temple's roof, blurred, and the same in detail"),
    ),
    views=(
        ViewSpec(
            id="super-resolution-comparison",
            title=SIDE_BY_SIDE,
            tasks=["super-resolution-comparison"],
            intro=Message(
                "**Several ways to the same size.** Bicubic interpolation only blurs between pixels. A residual "
                "network adds what it lacks, and plays safe: where it cannot know, it stays smooth. A GAN learned to "
                "please a critic: it looks sharp and invents what it cannot know, so its PSNR is lower on purpose. "
                "<span class='quiet'>Ledig et al. 2017.</span>"
            ),
            beside=[],
            compares=True,
            special=[PartOutline],
        ),
        ViewSpec(
            id="enlarge",
            title=Message("Enlarge"),
            tasks=["super-resolution"],
            intro=Message(
                "**Enlarge a whole picture**, tile by tile: up to 24 million pixels, up to eight times, up to 400 "
                "million pixels in the result. Transparency, grey, 16 bits, colour profile and metadata come back as "
                "they went in. Phone photos, screenshots and old JPEGs want *Real photo*, comics want *Drawing*."
            ),
            special=[AdviceButton, CloseTab],
        ),
        ViewSpec(
            id="super-resolution-video",
            title=Message("Video"),
            tasks=["super-resolution-video"],
            intro=Message("**Enlarge a video**, frame by frame, sound kept. A stop gives the part that is done."),
            hint=VIDEO,
            beside=[],
        ),
        ViewSpec(
            id="pixel-super-resolution",
            title=Message("Pixel by pixel"),
            tasks=["pixel-super-resolution"],
            intro=Message(
                "**A few pixels have many large pictures.** A PixelCNN draws some of them, pixel by pixel, each from "
                "the small picture and from what is drawn already. They differ: that is the point. <span "
                "class='quiet'>Dahl, Norouzi & Shlens 2017.</span>"
            ),
            beside=[],
            compares=True,
            special=[DrawnPart],
        ),
    ),
)
INPAINTING = TabSpec(
    id="inpainting",
    title=Message("Inpainting"),
    card=Card(
        Message("Gone without a trace"),
        Message("Paint over what should go, and it is gone."),
        Message("a portrait beside a model of a rocket, and the same without the rocket"),
        Example({"image": "astronaut.jpg", "mask": "astronaut_rocket.png"}),
    ),
    views=(
        ViewSpec(
            id="inpainting",
            title=Message("Inpainting"),
            tasks=["inpainting", "inpainting-comparison"],
            ways=[("fill", Message("Fill")), ("inpainting-comparison", SIDE_BY_SIDE)],
            intro=Message(
                "**Paint over what should go.** A content network fills the holes from what it has learned of the "
                "world. Where a hole is larger than the network's 512 pixels, its filling is too coarse for the "
                "picture: then the texture is refined, scale by scale, by pulling patches inside the hole to their "
                "nearest patches of your picture. <span class='quiet'>Yang et al. 2017; Sargsyan et al. 2023.</span>"
            ),
            compares=True,
            quick={"method": {"auto": "network"}},
            goes_on=True,
            special=[HolePainting, GoingOn],
        ),
    ),
)
FACE_SWAP = TabSpec(
    id="face-swap",
    title=Message("Face swap"),
    card=Card(
        Message("Another face"),
        Message("Another identity in your pose, expression and light."),
        Message("a painted portrait, and the same with an astronaut's face"),
    ),
    views=(
        ViewSpec(
            id="face-swap",
            title=Message("Face swap"),
            tasks=["face-swap", "face-swap-comparison"],
            ways=[("swap", Message("Swap")), ("face-swap-comparison", SIDE_BY_SIDE)],
            intro=Message(
                "**Another identity in your photo's pose, expression and light.** Faces are found and measured (468 "
                "points, 68 of them the classical landmarks), aligned and taken apart. The identity's pictures are "
                "ranked by pose, expression and light, warped onto your face and lit like it. Then V3's descent makes "
                "the face anew from their patches, an eye only from eyes. It cannot invent an expression: give several "
                "pictures, one of which looks as your photo does. <span class='quiet'>Korshunova et al. 2017; Li & "
                "Wand 2016.</span>"
            ),
            hint=Message("Choose a photo and a picture of the identity."),
            compares=True,
            special=[FaceNumbers],
        ),
    ),
)

TABS = (STYLE_V1, STYLE_V2, STYLE_V3, SUPER_RESOLUTION, INPAINTING, FACE_SWAP)
"""Every tab of tasks."""
