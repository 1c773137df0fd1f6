<?php
# settings
